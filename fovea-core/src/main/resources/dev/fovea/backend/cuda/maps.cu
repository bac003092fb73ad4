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
