// Norms and softmax over rows of a width. X: activations; W: weights. A row belongs to one warp, or to one block where it is
// long; which of both follows from the width alone, so a row's bits do not depend on how many there are.

const int N = Pack<X>::N; // values that go together

/** The threads of a row: a warp, or a block of 256. VALUES: how many of a vector's values a thread holds at most. */
struct Warp {
    static const int SIZE = 32, VALUES = 48;
    static __device__ __forceinline__ int rank() { return threadIdx.x % 32; }
    static __device__ __forceinline__ i64 row() { return (i64) blockIdx.x * 8 + threadIdx.x / 32; }
    static __device__ __forceinline__ float sum(float x) { return warpSum(x); }
    static __device__ __forceinline__ float max(float x) { return warpMax(x); }
};
struct Block {
    static const int SIZE = 256, VALUES = 32;
    static __device__ __forceinline__ int rank() { return threadIdx.x; }
    static __device__ __forceinline__ i64 row() { return blockIdx.x; }
    static __device__ __forceinline__ float sum(float x) { return blockSum<256>(x); }
    static __device__ __forceinline__ float max(float x) { return blockMax<256>(x); }
};

/** N values as they are stored. */
template <class T> struct __align__(N * sizeof(T)) Values {
    T at[N];
};

/** Whether a vector lies so that its values can be loaded N at a time. */
template <class T> DEVICE bool together(const T* p, int width) { return ((u64) p & (sizeof(Values<T>) - 1)) == 0 && width % N == 0; }

/** A vector that the threads of a group share: a thread has each SIZE-th N of its values, the first VALUES in registers. */
template <class G, class T> struct Vector {
    static const int HELD = G::VALUES / N;
    const T* from;
    int width;
    bool wide;
    Values<T> held[HELD];

    __device__ __forceinline__ Vector(const T* from, int width) : from(from), width(width), wide(together(from, width)) {
        #pragma unroll
        for (int p = 0; p < HELD; p++) held[p] = load((p * G::SIZE + G::rank()) * N);
    }

    /** The N values from index i on, zeros behind the last. */
    __device__ __forceinline__ Values<T> load(int i) const {
        Values<T> x;
        if (wide && i < width) {
            if constexpr (sizeof(x) == 16) *(uint4*) &x = *(const uint4*) (from + i);
            else *(uint2*) &x = *(const uint2*) (from + i);
        } else {
            #pragma unroll
            for (int k = 0; k < N; k++) x.at[k] = i + k < width ? from[i + k] : narrow<T>(0.f);
        }
        return x;
    }

    /** f(index of the first, N values) for all that this thread has, in order. */
    template <class F> __device__ __forceinline__ void each(F f) const {
        #pragma unroll
        for (int p = 0; p < HELD; p++) {
            const int i = (p * G::SIZE + G::rank()) * N;
            if (i < width) f(i, held[p]);
        }
        for (int i = (HELD * G::SIZE + G::rank()) * N; i < width; i += G::SIZE * N) f(i, load(i));
    }

    /** The sum of f of all values; the same in all threads. */
    template <class F> __device__ __forceinline__ float sum(F f) const {
        float s = 0;
        each([&](int i, const Values<T>& x) {
            #pragma unroll
            for (int k = 0; k < N; k++) s += wide || i + k < width ? f(widen(x.at[k])) : 0.f;
        });
        return G::sum(s);
    }

    /** out[i] = f(value i, those of vectors beside it...) */
    template <class F, class... Others> __device__ __forceinline__ void map(X* out, F f, const Others&... others) const {
        const bool wideOut = together(out, width);
        #pragma unroll
        for (int p = 0; p < HELD; p++) {
            const int i = (p * G::SIZE + G::rank()) * N;
            if (i < width) put(out + i, width - i, wideOut, f, held[p], others.held[p]...);
        }
        for (int i = (HELD * G::SIZE + G::rank()) * N; i < width; i += G::SIZE * N)
            put(out + i, width - i, wideOut, f, load(i), others.load(i)...);
    }

    template <class F, class... Some>
    static __device__ __forceinline__ void put(X* out, int n, bool wide, F f, const Some&... x) {
        Values<X> y;
        #pragma unroll
        for (int k = 0; k < N; k++) y.at[k] = narrow<X>(f(widen(x.at[k])...));
        if (wide) *(uint4*) out = *(const uint4*) &y;
        else
            #pragma unroll
            for (int k = 0; k < N; k++)
                if (k < n) out[k] = y.at[k];
    }
};

template <class G, class F> DEVICE void rms(const X* x, const W* weight, X* out, i64 rows, int width, float eps, F f) {
    const i64 row = G::row();
    if (row >= rows) return;
    const Vector<G, W> weights(weight, width);
    const Vector<G, X> values(x + row * width, width);
    const float square = values.sum([](float a) { return a * a; });
    const float factor = 1.f / sqrtf(square / width + eps);
    values.map(out + row * width, [=](float a, float w) { return f(a * factor, w); }, weights);
}

template <class G> DEVICE void layer(const X* x, const W* weight, const W* bias, X* out, i64 rows, int width, float eps) {
    const i64 row = G::row();
    if (row >= rows) return;
    const Vector<G, W> weights(weight, width), biases(bias, width);
    const Vector<G, X> values(x + row * width, width);
    const float mean = values.sum([](float a) { return a; }) / width;
    const float square = values.sum([=](float a) { return (a - mean) * (a - mean); });
    const float factor = 1.f / sqrtf(square / width + eps);
    values.map(out + row * width, [=](float a, float w, float b) { return fmaf((a - mean) * factor, w, b); }, weights, biases);
}

template <class G> DEVICE void soft(const X* x, X* out, i64 rows, int width) {
    const i64 row = G::row();
    if (row >= rows) return;
    const Vector<G, X> values(x + row * width, width);
    float top = -INFINITY;
    values.each([&](int i, const Values<X>& x) {
        #pragma unroll
        for (int k = 0; k < N; k++)
            if (values.wide || i + k < width) top = fmaxf(top, widen(x.at[k]));
    });
    top = G::max(top);
    const float sum = values.sum([=](float a) { return expf(a - top); });
    values.map(out + row * width, [=](float a) { return expf(a - top) / sum; });
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
