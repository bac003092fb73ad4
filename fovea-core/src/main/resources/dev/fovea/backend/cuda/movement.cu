// Copies: of any view, of rows by their numbers, and means over rows. X: what is read; W: what is written.

DEPENDENT

const int AXES = 6;
struct View {
    int dims[AXES];
    i64 strides[AXES];
};

/** out, densely packed, = x by its strides; the last axis is the innermost. */
KERNEL(256) copy(View view, int axes, const X* x, W* out, i64 n) {
    begin();
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

/** Whether an address and a distance in elements allow four at a time. */
template <class T> DEVICE bool fours(const T* p, i64 stride) { return ((u64) p & (4 * sizeof(T) - 1)) == 0 && stride % 4 == 0; }

template <class T> struct __align__(4 * sizeof(T)) Four {
    T at[4];
};

/** Rows, densely packed with outWidth values each: the first width of x's, a stride apart, and zeros. n values in all. */
KERNEL(256) fit(const X* x, i64 stride, int width, W* out, int outWidth, i64 n) {
    begin();
    const i64 i = ((i64) blockIdx.x * 256 + threadIdx.x) * 4;
    if (i >= n) return;
    if (fours(x, stride) && fours(out, outWidth) && width % 4 == 0) {
        const i64 row = i / outWidth, at = i % outWidth;
        Four<X> a = {};
        if (at < width) a = *(const Four<X>*) (x + row * stride + at);
        Four<W> b;
        #pragma unroll
        for (int k = 0; k < 4; k++) b.at[k] = narrow<W>(widen(a.at[k]));
        *(Four<W>*) (out + i) = b;
    } else {
        for (i64 k = i; k < i + 4 && k < n; k++) {
            const i64 at = k % outWidth;
            out[k] = narrow<W>(at < width ? widen(x[k / outWidth * stride + at]) : 0.f);
        }
    }
}

/** out[i] = table[ids[i]], rows of a width. */
KERNEL(256) gather(const X* table, i64 stride, const int* ids, W* out, i64 n, i64 width) {
    begin();
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i < n) out[i] = narrow<W>(widen(table[ids[i / width] * stride + i % width]));
}

/** target[ids[i]] = source[i], rows of a width. */
KERNEL(256) scatter(W* target, i64 stride, const int* ids, const X* source, i64 sourceStride, i64 n, i64 width) {
    begin();
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i < n) target[ids[i / width] * stride + i % width] = narrow<W>(widen(source[i / width * sourceStride + i % width]));
}

/** out[row][i] = x[row][order[i]], n values of rows of a width. */
KERNEL(256) columns(const X* x, i64 stride, const int* order, W* out, i64 n, int width) {
    begin();
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i < n) out[i] = narrow<W>(widen(x[i / width * stride + order[i % width]]));
}

/** The mean of each column of (rows, width), summed from the first row to the last. */
KERNEL(256) mean_rows(const X* x, W* out, int rows, int width) {
    begin();
    int column = blockIdx.x * 256 + threadIdx.x;
    if (column >= width) return;
    float sum = 0;
    for (i64 row = 0; row < rows; row++) sum += widen(x[row * width + column]);
    out[column] = narrow<W>(sum / rows);
}
