// Copies: of any view, of rows by their numbers, and means over rows. X: what is read; W: what is written.

const int AXES = 6;
struct View {
    int dims[AXES];
    i64 strides[AXES];
};

/** out, densely packed, = x by its strides; the last axis is the innermost. */
KERNEL(256) copy(View view, int axes, const X* x, W* out, i64 n) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i >= n) return;
    i64 rest = i, at = 0;
    #pragma unroll
    for (int axis = AXES - 1; axis >= 0; axis--) {
        if (axis < axes) {
            at += rest % view.dims[axis] * view.strides[axis];
            rest /= view.dims[axis];
        }
    }
    out[i] = narrow<W>(widen(x[at]));
}

/** out[i] = table[ids[i]], rows of a width. */
KERNEL(256) gather(const X* table, i64 stride, const int* ids, W* out, i64 n, i64 width) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i < n) out[i] = narrow<W>(widen(table[ids[i / width] * stride + i % width]));
}

/** target[ids[i]] = source[i], rows of a width. */
KERNEL(256) scatter(W* target, i64 stride, const int* ids, const X* source, i64 sourceStride, i64 n, i64 width) {
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i < n) target[ids[i / width] * stride + i % width] = narrow<W>(widen(source[i / width * sourceStride + i % width]));
}

/** The mean of each column of (rows, width), summed from the first row to the last. */
KERNEL(256) mean_rows(const X* x, W* out, int rows, int width) {
    int column = blockIdx.x * 256 + threadIdx.x;
    if (column >= width) return;
    float sum = 0;
    for (i64 row = 0; row < rows; row++) sum += widen(x[row * width + column]);
    out[column] = narrow<W>(sum / rows);
}
