// Norms and softmax over rows of a width. X: activations; W: weights. A row belongs to one warp, or to one block where it is
// long; which of both follows from the width alone, so a row's bits do not depend on how many there are.

/** The threads of a row: a warp, or a block of 256. */
struct Warp {
    static const int SIZE = 32;
    static __device__ __forceinline__ int rank() { return threadIdx.x % 32; }
    static __device__ __forceinline__ i64 row() { return (i64) blockIdx.x * 8 + threadIdx.x / 32; }
    static __device__ __forceinline__ float sum(float x) { return warpSum(x); }
    static __device__ __forceinline__ float max(float x) { return warpMax(x); }
};
struct Block {
    static const int SIZE = 256;
    static __device__ __forceinline__ int rank() { return threadIdx.x; }
    static __device__ __forceinline__ i64 row() { return blockIdx.x; }
    static __device__ __forceinline__ float sum(float x) { return blockSum<256>(x); }
    static __device__ __forceinline__ float max(float x) { return blockMax<256>(x); }
};

/** The sum over a row of f(x[i]). */
template <class G, class F> DEVICE float total(const X* x, int width, F f) {
    float s = 0;
    for (int i = G::rank(); i < width; i += G::SIZE) s += f(widen(x[i]));
    return G::sum(s);
}

template <class G, class F> DEVICE void rms(const X* x, const W* weight, X* out, i64 rows, int width, float eps, F f) {
    i64 row = G::row();
    if (row >= rows) return;
    x += row * width;
    out += row * width;
    float square = total<G>(x, width, [](float a) { return a * a; });
    float factor = 1.f / sqrtf(square / width + eps);
    for (int i = G::rank(); i < width; i += G::SIZE) out[i] = narrow<X>(f(widen(x[i]) * factor, widen(weight[i])));
}

template <class G> DEVICE void layer(const X* x, const W* weight, const W* bias, X* out, i64 rows, int width, float eps) {
    i64 row = G::row();
    if (row >= rows) return;
    x += row * width;
    out += row * width;
    float mean = total<G>(x, width, [](float a) { return a; }) / width;
    float square = total<G>(x, width, [=](float a) { return (a - mean) * (a - mean); });
    float factor = 1.f / sqrtf(square / width + eps);
    for (int i = G::rank(); i < width; i += G::SIZE)
        out[i] = narrow<X>(fmaf((widen(x[i]) - mean) * factor, widen(weight[i]), widen(bias[i])));
}

template <class G> DEVICE void soft(const X* x, X* out, i64 rows, int width) {
    i64 row = G::row();
    if (row >= rows) return;
    x += row * width;
    out += row * width;
    float top = -INFINITY;
    for (int i = G::rank(); i < width; i += G::SIZE) top = fmaxf(top, widen(x[i]));
    top = G::max(top);
    float sum = total<G>(x, width, [=](float a) { return expf(a - top); });
    for (int i = G::rank(); i < width; i += G::SIZE) out[i] = narrow<X>(expf(widen(x[i]) - top) / sum);
}

#define BOTH(name, parameters, body) \
    KERNEL(256) name##_warp parameters { typedef Warp G; body; } \
    KERNEL(256) name##_block parameters { typedef Block G; body; }

BOTH(rms_norm, (const X* x, const W* weight, X* out, i64 rows, int width, float eps),
     rms<G>(x, weight, out, rows, width, eps, [](float normed, float w) { return rounded<X>(normed) * w; }))
BOTH(rms_norm_plus_one, (const X* x, const W* weight, X* out, i64 rows, int width, float eps),
     rms<G>(x, weight, out, rows, width, eps, [](float normed, float w) { return normed * (1.f + w); }))
BOTH(layer_norm, (const X* x, const W* weight, const W* bias, X* out, i64 rows, int width, float eps),
     layer<G>(x, weight, bias, out, rows, width, eps))
BOTH(softmax, (const X* x, X* out, i64 rows, int width), soft<G>(x, out, rows, width))
