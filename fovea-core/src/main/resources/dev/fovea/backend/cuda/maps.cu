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
const int STRIP = 4; // neighbouring places of a thread, which share its weights

/** Each channel by itself: as grouped, for a weight (C, 1, ky, kx). */
KERNEL(256) depthwise(Window s, const X* map, const W* w, const void* bias, int biasType, X* out, int outHeight) {
    const i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    const int across = (s.channels + PER - 1) / PER, strips = (s.outWidth + STRIP - 1) / STRIP;
    const int channel = (int) (i % across) * PER, line = (int) (i / across), y = line / strips, x = line % strips * STRIP;
    if (y >= outHeight) return;
    const int top = y * s.stride - s.padding, left = x * s.stride - s.padding;
    const int taps = s.kernelHeight * s.kernelWidth, n = min(PER, s.channels - channel);
    const bool aligned = packs(map, s.channels);
    float sum[STRIP][PER] = {};
    for (int tap = 0; tap < taps; tap++) {
        const int inY = top + tap / s.kernelWidth, inX = left + tap % s.kernelWidth;
        if (inY < 0 || inY >= s.height) continue;
        float weight[PER];
        #pragma unroll
        for (int e = 0; e < PER; e++) weight[e] = e < n ? widen(w[(i64) (channel + e) * taps + tap]) : 0.f;
        #pragma unroll
        for (int j = 0; j < STRIP; j++) {
            const int at = inX + j * s.stride;
            if (at < 0 || at >= s.width) continue;
            float value[PER];
            widen(loadSome(map + ((i64) inY * s.width + at) * s.channels + channel, n, aligned && n == PER), value);
            #pragma unroll
            for (int e = 0; e < PER; e++) sum[j][e] = fmaf(value[e], weight[e], sum[j][e]);
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
