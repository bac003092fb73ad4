// Vectors that groups of threads share, and their norms, for sources that include this. X: activations; W: weights. A row belongs to one
// warp, or to one block where it is long; which of both follows from the width alone, so a row's bits do not depend on how many there are.

const int N = Pack<X>::N; // values that go together

/**
 * The threads of a row: a warp, or a block of 256. VALUES: how many of a vector's values a thread holds at most. WHOLE: whether that is known
 * to be all of them, which lie so that they are loaded N at a time. Whoever does not write has the vectors that it makes in registers alone.
 */
struct Warp {
    static const int SIZE = 32, VALUES = 48;
    static const bool WHOLE = false;
    static __device__ __forceinline__ bool writes() { return true; }
    static __device__ __forceinline__ int rank() { return threadIdx.x % 32; }
    static __device__ __forceinline__ i64 row() { return (i64) blockIdx.x * 8 + threadIdx.x / 32; }
    static __device__ __forceinline__ float sum(float x) { return warpSum(x); }
};
struct Block {
    static const int SIZE = 256, VALUES = 32;
    static const bool WHOLE = false;
    static __device__ __forceinline__ bool writes() { return true; }
    static __device__ __forceinline__ int rank() { return threadIdx.x; }
    static __device__ __forceinline__ i64 row() { return blockIdx.x; }
    static __device__ __forceinline__ float sum(float x) { return blockSum<256>(x); }
};

/** N values as they are stored. */
template <class T> struct __align__(N * sizeof(T)) Values {
    T at[N];
};

/** Whether a vector lies so that its values can be loaded N at a time. */
template <class T> DEVICE bool together(const T* p, int width) { return ((u64) p & (sizeof(Values<T>) - 1)) == 0 && width % N == 0; }

/**
 * A vector that the threads of a group share: a thread has each SIZE-th N of its values; of a vector that can be loaded N at a time
 * the first VALUES are in registers.
 */
template <class G, class T> struct Vector {
    static const int HELD = G::VALUES / N;
    const T* from;
    int width;
    bool wide;
    Values<T> held[HELD];

    __device__ __forceinline__ Vector(const T* from, int width) : from(from), width(width), wide(G::WHOLE || together(from, width)) {
        if (!wide) return;
        #pragma unroll
        for (int p = 0; p < HELD; p++)
            if (place(p) < width) held[p] = wideLoad(place(p));
    }

    /** What this thread has just written there, all of it N values at a time. */
    __device__ __forceinline__ Vector(const T* from, int width, const Values<T> (&held)[HELD]) : from(from), width(width), wide(true) {
        #pragma unroll
        for (int p = 0; p < HELD; p++) this->held[p] = held[p];
    }

    /** Where this thread's p-th N values begin. */
    static __device__ __forceinline__ int place(int p) { return (p * G::SIZE + G::rank()) * N; }

    __device__ __forceinline__ Values<T> wideLoad(int i) const {
        Values<T> x;
        if constexpr (sizeof(x) == 16) *(uint4*) &x = *(const uint4*) (from + i);
        else *(uint2*) &x = *(const uint2*) (from + i);
        return x;
    }

    /** The N values from index i on, zeros behind the last. */
    __device__ __forceinline__ Values<T> load(int i) const {
        if (wide) return wideLoad(i);
        Values<T> x;
        #pragma unroll
        for (int k = 0; k < N; k++) x.at[k] = i + k < width ? from[i + k] : narrow<T>(0.f);
        return x;
    }

    /** f(index of the first, N values) for all that this thread has, in order. */
    template <class F> __device__ __forceinline__ void each(F f) const {
        int p = 0;
        if (wide)
            #pragma unroll
            for (; p < HELD; p++)
                if (place(p) < width) f(place(p), held[p]);
        if (!G::WHOLE)
            #pragma unroll 1
            for (; place(p) < width; p++) f(place(p), load(place(p)));
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

    /** out[i] = f(value i, those of vectors beside it...), which is returned. */
    template <class F, class... Others> __device__ __forceinline__ Vector<G, X> map(X* out, F f, const Others&... others) const {
        const bool all = G::WHOLE || (wide && together(out, width) && (others.wide && ... && true));
        if (all) {
            Values<X> made[HELD] = {};
            #pragma unroll
            for (int p = 0; p < HELD; p++)
                if (place(p) < width) {
                    made[p] = apply(f, held[p], others.held[p]...);
                    if (G::writes()) widePut(out + place(p), made[p]);
                }
            if (!G::WHOLE)
                #pragma unroll 1
                for (int p = HELD; place(p) < width; p++) widePut(out + place(p), apply(f, load(place(p)), others.load(place(p))...));
            return {out, width, made};
        }
        #pragma unroll 1
        for (int p = 0; place(p) < width; p++) {
            const Values<X> y = apply(f, load(place(p)), others.load(place(p))...);
            #pragma unroll
            for (int k = 0; k < N; k++)
                if (place(p) + k < width) out[place(p) + k] = y.at[k];
        }
        return {out, width};
    }

    /** Writes it, a vector that lies together, to where it lies together too. */
    __device__ __forceinline__ void put(X* out) const {
        #pragma unroll
        for (int p = 0; p < HELD; p++)
            if (place(p) < width) widePut(out + place(p), held[p]);
    }

    template <class F, class... Some> static __device__ __forceinline__ Values<X> apply(F f, const Some&... x) {
        Values<X> y;
        #pragma unroll
        for (int k = 0; k < N; k++) y.at[k] = narrow<X>(f(widen(x.at[k])...));
        return y;
    }

    static __device__ __forceinline__ void widePut(X* out, const Values<X>& y) { *(uint4*) out = *(const uint4*) &y; }
};

// Norms by kind.
struct Rms {
    static __device__ __forceinline__ float of(float normed, float w) { return rounded<X>(normed) * w; }
};
struct RmsPlusOne {
    static __device__ __forceinline__ float of(float normed, float w) { return normed * (1.f + w); }
};
struct Layer {};

/** A row divided by the root of its mean square, times weights as K has them. */
template <class G, class K> DEVICE Vector<G, X> rmsRow(const Vector<G, X>& values, const W* weight, X* out, float eps) {
    const Vector<G, W> weights(weight, values.width);
    const float square = values.sum([](float a) { return a * a; });
    const float factor = 1.f / sqrtf(square / values.width + eps);
    return values.map(out, [=](float a, float w) { return K::of(a * factor, w); }, weights);
}

template <class G>
DEVICE Vector<G, X> layerRow(const Vector<G, X>& values, const W* weight, const W* bias, X* out, float eps) {
    const int width = values.width;
    const Vector<G, W> weights(weight, width), biases(bias, width);
    const float mean = values.sum([](float a) { return a; }) / width;
    const float square = values.sum([=](float a) { return (a - mean) * (a - mean); });
    const float factor = 1.f / sqrtf(square / width + eps);
    return values.map(out, [=](float a, float w, float b) { return fmaf((a - mean) * factor, w, b); }, weights, biases);
}

// ---- a sum of rows and its norm

/** A sum of two rows, the first one normed before where there are weights for it; where it goes, and goes again. */
struct Sum {
    const X *x, *y;
    const W* before;
    X *normed, *out, *again;
    float eps;
};

/** How the sum is normed, where that goes, and goes again. */
struct Normed {
    const W *weight, *bias;
    X *out, *again;
    float eps;
};

template <class G> DEVICE Vector<G, X> sum(const Vector<G, X>& x, const Sum& s, i64 at) {
    const Vector<G, X> y(s.y + at, x.width);
    const Vector<G, X> z = x.map(s.out + at, [](float a, float b) { return a + b; }, y);
    if (s.again && G::writes()) z.map(s.again + at, [](float a) { return a; });
    return z;
}

/** The sum of the rows that begin at an element, and its norm, which is returned. */
template <class G, class K> DEVICE Vector<G, X> sumNorm(const Sum& s, const Normed& to, i64 at, int width) {
    const Vector<G, X> x(s.x + at, width);
    if constexpr (Same<K, Layer>::as) {
        return layerRow<G>(sum<G>(x, s, at), to.weight, to.bias, to.out + at, to.eps);
    } else {
        const Vector<G, X> z = s.before ? sum<G>(rmsRow<G, K>(x, s.before, s.normed + at, s.eps), s, at) : sum<G>(x, s, at);
        return rmsRow<G, K>(z, to.weight, to.out + at, to.eps);
    }
}
