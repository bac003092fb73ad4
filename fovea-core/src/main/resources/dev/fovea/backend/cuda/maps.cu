// Channels-last maps (Y, X, C): patches for a convolution by a matrix product, convolution in groups, means of squares. X:
// activations; W: weights.

/** Sizes of a convolution. */
struct Window {
    int height, width, channels; // of the map
    int kernelHeight, kernelWidth, stride, padding;
    int outWidth;
};

/** The patch under each place as a row (C, ky, kx), as a weight lies: n elements in all. */
KERNEL(256) unfold(Window s, const X* map, X* patches, i64 n) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i >= n) return;
    const int taps = s.kernelHeight * s.kernelWidth, length = s.channels * taps;
    const int at = (int) (i % length), place = (int) (i / length);
    const int channel = at / taps, tap = at % taps;
    const int y = place / s.outWidth * s.stride - s.padding + tap / s.kernelWidth;
    const int x = place % s.outWidth * s.stride - s.padding + tap % s.kernelWidth;
    const bool inside = y >= 0 && y < s.height && x >= 0 && x < s.width;
    patches[i] = inside ? map[((i64) y * s.width + x) * s.channels + channel] : narrow<X>(0.f);
}

/** Each group of outputs sees as many channels as w has; n elements in all, outputs innermost. */
KERNEL(256) grouped(Window s, const X* map, const W* w, const void* bias, int biasType, X* out, int outputs, int outputsOfGroup,
                    int inputs, i64 n) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i >= n) return;
    const int output = (int) (i % outputs), place = (int) (i / outputs);
    const int top = place / s.outWidth * s.stride - s.padding, left = place % s.outWidth * s.stride - s.padding;
    const int taps = s.kernelHeight * s.kernelWidth;
    const X* channel = map + output / outputsOfGroup * inputs;
    const W* weight = w + (i64) output * inputs * taps;
    float sum = 0;
    for (int ky = max(0, -top); ky < min(s.kernelHeight, s.height - top); ky++)
        for (int kx = max(0, -left); kx < min(s.kernelWidth, s.width - left); kx++) {
            const X* pixel = channel + ((i64) (top + ky) * s.width + left + kx) * s.channels;
            for (int c = 0; c < inputs; c++)
                sum = fmaf(widen(pixel[c]), widen(weight[c * taps + ky * s.kernelWidth + kx]), sum);
        }
    out[i] = narrow<X>(sum + element(bias, biasType, output));
}

const int PER = Pack<X>::N; // channels of a thread
const int STRIP = 4; // neighbouring places of a thread, which share what it reads
const int ACROSS = 8, DOWN = 32; // threads of a block: along channels, along strips
const int CHANNELS = ACROSS * PER; // of a block
const int MOST_TAPS = 64;

/** Each channel by itself: as grouped, for a weight (C, 1, ky, kx) of at most so many taps. SIZE: ky and kx, of stride 1; 0 for any. */
template <int SIZE>
DEVICE void depthwise(const Window& s, const X* map, const W* w, const void* bias, int biasType, X* out, int outHeight) {
    __shared__ __align__(16) float weight[MOST_TAPS * CHANNELS];
    const int kernelHeight = SIZE ? SIZE : s.kernelHeight, kernelWidth = SIZE ? SIZE : s.kernelWidth, stride = SIZE ? 1 : s.stride;
    const int taps = kernelHeight * kernelWidth, channel0 = blockIdx.y * CHANNELS;
    for (int i = threadIdx.x; i < CHANNELS * taps; i += 256)
        weight[i % taps * CHANNELS + i / taps] = channel0 + i / taps < s.channels ? widen(w[(i64) channel0 * taps + i]) : 0.f;
    __syncthreads();
    const int strips = (s.outWidth + STRIP - 1) / STRIP, line = blockIdx.x * DOWN + threadIdx.x / ACROSS;
    const int own = threadIdx.x % ACROSS * PER, channel = channel0 + own, y = line / strips, x = line % strips * STRIP;
    const int n = min(PER, s.channels - channel);
    if (y >= outHeight || n <= 0) return;
    const int top = y * stride - s.padding, left = x * stride - s.padding;
    const bool whole = packs(map, s.channels) && n == PER;
    float sum[STRIP][PER] = {};
    #pragma unroll
    for (int ky = 0; ky < kernelHeight; ky++) {
        const int inY = top + ky;
        if (inY < 0 || inY >= s.height) continue;
        #pragma unroll
        for (int column = 0; column < (STRIP - 1) * stride + kernelWidth; column++) {
            const int at = left + column;
            if (at < 0 || at >= s.width) continue;
            float value[PER];
            widen(loadSome(map + ((i64) inY * s.width + at) * s.channels + channel, n, whole), value);
            #pragma unroll
            for (int j = 0; j < STRIP; j++) {
                const int kx = column - j * stride;
                if (kx < 0 || kx >= kernelWidth) continue;
                const float* by = weight + (ky * kernelWidth + kx) * CHANNELS + own;
                #pragma unroll
                for (int e = 0; e < PER; e++) sum[j][e] = fmaf(value[e], by[e], sum[j][e]);
            }
        }
    }
    float last[PER];
    #pragma unroll
    for (int e = 0; e < PER; e++) last[e] = e < n ? element(bias, biasType, channel + e) : 0.f;
    #pragma unroll
    for (int j = 0; j < STRIP; j++) {
        if (x + j >= s.outWidth) break;
        X* to = out + ((i64) y * s.outWidth + x + j) * s.channels + channel;
        Pack<X> result;
        #pragma unroll
        for (int e = 0; e < PER; e++) result.at[e] = narrow<X>(sum[j][e] + last[e]);
        if (n == PER && packs(out, s.channels)) storePack(to, result);
        else
            #pragma unroll
            for (int e = 0; e < PER; e++)
                if (e < n) to[e] = result.at[e];
    }
}

#define DEPTHWISE(name, size) \
    KERNEL(256) name(Window s, const X* map, const W* w, const void* bias, int biasType, X* out, int outHeight) { \
        depthwise<size>(s, map, w, bias, biasType, out, outHeight); \
    }
DEPTHWISE(depthwise_any, 0)
DEPTHWISE(depthwise_3, 3)

/** Means of squares of a size, stride size; n elements in all, width and channels those of the map. */
KERNEL(256) average(const X* map, X* out, int width, int channels, int size, i64 n) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i >= n) return;
    const int channel = (int) (i % channels), across = width / size;
    const i64 place = i / channels, top = place / across * size, left = place % across * size;
    float sum = 0;
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) sum += widen(map[((top + y) * width + left + x) * channels + channel]);
    out[i] = narrow<X>(sum / (size * size));
}
