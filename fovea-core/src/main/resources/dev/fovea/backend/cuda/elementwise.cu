// Activations, sums, gates, rotary embedding. X: activations; W: the second operand or the tables.
// A thread makes sixteen bytes of the result where all addresses allow, else the same elements one by one.

DEPENDENT

const int N = Pack<X>::N;

/** N values of a type beside a pack of X. */
template <class T> struct Beside;
template <> struct Beside<f32> {
    f32 at[N];
    static __device__ __forceinline__ bool fits(const f32* p) { return ((u64) p & 15) == 0; }
    __device__ __forceinline__ Beside(const f32* p) {
        for (int k = 0; k < N; k += 4) *(float4*) (at + k) = *(const float4*) (p + k);
    }
};
template <class T> struct Short {
    __align__(16) T at[N];
    static __device__ __forceinline__ bool fits(const T* p) { return ((u64) p & (2 * N - 1)) == 0; }
    __device__ __forceinline__ Short(const T* p) {
        if (N == 8) *(uint4*) at = *(const uint4*) p;
        else *(uint2*) at = *(const uint2*) p;
    }
};
template <> struct Beside<bf16> : Short<bf16> { using Short<bf16>::Short; };
template <> struct Beside<f16> : Short<f16> { using Short<f16>::Short; };

/** The first element of this thread. */
DEVICE i64 first() { return ((i64) blockIdx.x * 256 + threadIdx.x) * N; }

/** out[i] = f(x[i]) */
template <class F> DEVICE void map(const X* x, X* out, i64 n, F f) {
    i64 i = first();
    if (i + N <= n && packs(x, 0) && packs(out, 0)) {
        Pack<X> a = loadPack(x + i), y;
        #pragma unroll
        for (int k = 0; k < N; k++) y.at[k] = narrow<X>(f(widen(a.at[k])));
        storePack(out + i, y);
    } else {
        for (int k = 0; k < N && i + k < n; k++) out[i + k] = narrow<X>(f(widen(x[i + k])));
    }
}

/** out[i] = f(x[i], y[i % period]) */
template <class F> DEVICE void pairs(const X* x, const W* y, X* out, i64 n, i64 period, F f) {
    i64 i = first();
    if (i + N <= n && packs(x, 0) && packs(out, 0) && Beside<W>::fits(y) && period % N == 0) {
        Pack<X> a = loadPack(x + i), z;
        Beside<W> b(y + i % period);
        #pragma unroll
        for (int k = 0; k < N; k++) z.at[k] = narrow<X>(f(widen(a.at[k]), widen(b.at[k])));
        storePack(out + i, z);
    } else {
        for (int k = 0; k < N && i + k < n; k++) out[i + k] = narrow<X>(f(widen(x[i + k]), widen(y[(i + k) % period])));
    }
}

KERNEL(256) add(const X* x, const W* y, X* out, i64 n, i64 period) {
    begin();
    pairs(x, y, out, n, period, [](float a, float b) { return a + b; });
}
KERNEL(256) scale(const X* x, X* out, i64 n, float factor) {
    begin();
    map(x, out, n, [=](float a) { return a * factor; });
}

#define ACTIVATION(name, F) \
    KERNEL(256) name(const X* x, X* out, i64 n) { begin(); map(x, out, n, F()); } \
    KERNEL(256) gated_##name(const X* gate, const W* up, X* out, i64 n) { \
        begin(); \
        pairs(gate, up, out, n, n, [](float g, float u) { return rounded<X>(F()(g)) * u; }); \
    }
ACTIVATION(relu, Relu)
ACTIVATION(silu, Silu)
ACTIVATION(gelu, Gelu)
ACTIVATION(gelu_tanh, GeluTanh)

/** (a cos - b sin, b cos + a sin) of the halves of each row; a thread makes one pair. x has rows (heads, 2 half) a stride apart. */
KERNEL(256) rope(const X* x, i64 stride, const W* cos, const W* sin, X* out, i64 pairs, int heads, int half) {
    begin();
    i64 i = (i64) blockIdx.x * 256 + threadIdx.x;
    if (i >= pairs) return;
    int at = i % half;
    i64 head = i / half, row = head / heads;
    const X* from = x + row * stride + head % heads * 2 * half + at;
    float a = widen(from[0]), b = widen(from[half]);
    float c = widen(cos[row * half + at]), s = widen(sin[row * half + at]);
    X* to = out + head * 2 * half + at;
    to[0] = narrow<X>(turned<X, W>(a, c, -b, s));
    to[half] = narrow<X>(turned<X, W>(b, c, a, s));
}

/** The same, eight pairs a thread: for halves of whole packs, all aligned. */
KERNEL(256) rope_packs(const X* x, i64 stride, const W* cos, const W* sin, X* out, i64 pairs, int heads, int half) {
    begin();
    const int PAIRS = 8;
    const u32 i = blockIdx.x * 256 + threadIdx.x, parts = half / PAIRS;
    if ((i64) i * PAIRS >= pairs) return;
    const int at = i % parts * PAIRS;
    const u32 head = i / parts, row = head / heads;
    const X* from = x + row * stride + head % heads * 2 * half + at;
    const i64 table = (i64) row * half + at;
    X* to = out + (i64) head * 2 * half + at;
    #pragma unroll
    for (int k = 0; k < PAIRS; k += N) {
        const Pack<X> a = loadPack(from + k), b = loadPack(from + half + k);
        const Beside<W> c(cos + table + k), s(sin + table + k);
        Pack<X> left, right;
        #pragma unroll
        for (int e = 0; e < N; e++) {
            const float p = widen(a.at[e]), q = widen(b.at[e]), u = widen(c.at[e]), v = widen(s.at[e]);
            left.at[e] = narrow<X>(turned<X, W>(p, u, -q, v));
            right.at[e] = narrow<X>(turned<X, W>(q, u, p, v));
        }
        storePack(to + k, left);
        storePack(to + half + k, right);
    }
}
