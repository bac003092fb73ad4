// Norms and softmax over rows of a width. X: activations; W: weights. A row belongs to one warp, or to one block where it is
// long; which of both follows from the width alone, so a row's bits do not depend on how many there are.

DEPENDENT

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

    __device__ __forceinline__ Vector(const T* from, int width) : from(from), width(width), wide(together(from, width)) {
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
        const bool all = wide && together(out, width) && (others.wide && ... && true);
        if (all) {
            Values<X> made[HELD] = {};
            #pragma unroll
            for (int p = 0; p < HELD; p++)
                if (place(p) < width) widePut(out + place(p), made[p] = apply(f, held[p], others.held[p]...));
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

    template <class F, class... Some> static __device__ __forceinline__ Values<X> apply(F f, const Some&... x) {
        Values<X> y;
        #pragma unroll
        for (int k = 0; k < N; k++) y.at[k] = narrow<X>(f(widen(x.at[k])...));
        return y;
    }

    static __device__ __forceinline__ void widePut(X* out, const Values<X>& y) { *(uint4*) out = *(const uint4*) &y; }
};

struct Rms {
    static __device__ __forceinline__ float of(float normed, float w) { return rounded<X>(normed) * w; }
};
struct RmsPlusOne {
    static __device__ __forceinline__ float of(float normed, float w) { return normed * (1.f + w); }
};

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

template <class G, class K> DEVICE void rms(const X* x, const W* weight, X* out, i64 rows, int width, float eps) {
    const i64 row = G::row();
    if (row >= rows) return;
    rmsRow<G, K>(Vector<G, X>(x + row * width, width), weight, out + row * width, eps);
}

template <class G> DEVICE void layer(const X* x, const W* weight, const W* bias, X* out, i64 rows, int width, float eps) {
    const i64 row = G::row();
    if (row >= rows) return;
    layerRow<G>(Vector<G, X>(x + row * width, width), weight, bias, out + row * width, eps);
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

#define BOTH(name, parameters, body) BOTH_WITHIN((256), name, parameters, body)
#define BOTH_WITHIN(bounds, name, parameters, body) \
    KERNEL bounds name##_warp parameters { typedef Warp G; begin(); body; } \
    KERNEL bounds name##_block parameters { typedef Block G; begin(); body; }

BOTH(rms_norm, (const X* x, const W* weight, X* out, i64 rows, int width, float eps),
     (rms<G, Rms>(x, weight, out, rows, width, eps)))
BOTH(rms_norm_plus_one, (const X* x, const W* weight, X* out, i64 rows, int width, float eps),
     (rms<G, RmsPlusOne>(x, weight, out, rows, width, eps)))
BOTH(layer_norm, (const X* x, const W* weight, const W* bias, X* out, i64 rows, int width, float eps),
     layer<G>(x, weight, bias, out, rows, width, eps))
BOTH(softmax, (const X* x, X* out, i64 rows, int width), soft<G>(x, out, rows, width))

// ---- what steps of few rows do around their norms, in one launch: all that is between is written too

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
    if (s.again) z.map(s.again + at, [](float a) { return a; });
    return z;
}

template <class G> DEVICE void repeat(const Vector<G, X>& x, const Normed& to, i64 at) {
    if (to.again) x.map(to.again + at, [](float a) { return a; });
}

template <class G, class K> DEVICE void addRms(const Sum& s, const Normed& to, i64 rows, int width) {
    const i64 row = G::row(), at = row * width;
    if (row >= rows) return;
    const Vector<G, X> x(s.x + at, width);
    const Vector<G, X> z = s.before ? sum<G>(rmsRow<G, K>(x, s.before, s.normed + at, s.eps), s, at) : sum<G>(x, s, at);
    repeat<G>(rmsRow<G, K>(z, to.weight, to.out + at, to.eps), to, at);
}

template <class G> DEVICE void addLayer(const Sum& s, const Normed& to, i64 rows, int width) {
    const i64 row = G::row(), at = row * width;
    if (row >= rows) return;
    const Vector<G, X> z = sum<G>(Vector<G, X>(s.x + at, width), s, at);
    repeat<G>(layerRow<G>(z, to.weight, to.bias, to.out + at, to.eps), to, at);
}

#define ADD(name, body) BOTH_WITHIN((256, 1), add_##name, (const Sum s, const Normed to, i64 rows, int width), body)
ADD(rms_norm, (addRms<G, Rms>(s, to, rows, width)))
ADD(rms_norm_plus_one, (addRms<G, RmsPlusOne>(s, to, rows, width)))
ADD(layer_norm, addLayer<G>(s, to, rows, width))

/** Heads of rows of queries, keys or values: normed where there are weights, turned and put into a cache where there are places. */
struct Heads {
    const X* x;
    i64 stride;
    const W* weight;
    X *normed, *turned, *cache;
    i64 cacheStride;
    const int* ids; // rows of the cache
    int count;
};

/** A warp for each head of each row. */
template <class K>
DEVICE void heads(const Heads& q, const Heads& k, const Heads& v, const X* cos, const X* sin, int rows, int width, float eps) {
    const int lane = threadIdx.x % 32, all = q.count + k.count + v.count, i = (int) Warp::row(), row = i / all;
    if (row >= rows) return;
    int head = i % all;
    const bool isQ = head < q.count;
    if (!isQ) head -= q.count;
    const bool isK = !isQ && head < k.count;
    if (!isQ && !isK) head -= k.count;
    const Heads h = isQ ? q : isK ? k : v;
    const i64 at = ((i64) row * h.count + head) * width;
    const X* from = h.x + row * h.stride + (i64) head * width;
    X* cache = h.cache ? h.cache + h.ids[row] * h.cacheStride + (i64) head * width : nullptr;
    if (h.weight) {
        rmsRow<Warp, K>(Vector<Warp, X>(from, width), h.weight, h.normed + at, eps);
        from = h.normed + at;
        __syncwarp();
    }
    if (h.turned) {
        const int half = width / 2;
        for (int j = lane; j < half; j += 32) {
            const float a = widen(from[j]), b = widen(from[j + half]);
            const float c = widen(cos[(i64) row * half + j]), s = widen(sin[(i64) row * half + j]);
            const X first = narrow<X>(turned<X, X>(a, c, -b, s)), second = narrow<X>(turned<X, X>(b, c, a, s));
            h.turned[at + j] = first;
            h.turned[at + j + half] = second;
            if (cache) {
                cache[j] = first;
                cache[j + half] = second;
            }
        }
    } else if (cache) {
        #pragma unroll 4
        for (int j = lane; j < width; j += 32) cache[j] = from[j];
    }
}

#define HEADS(name, K) \
    KERNEL(256) name(const Heads q, const Heads k, const Heads v, const X* cos, const X* sin, int rows, int width, float eps) { \
        begin(); \
        heads<K>(q, k, v, cos, sin, rows, width, eps); \
    }

HEADS(heads_rms_norm, Rms)
HEADS(heads_rms_norm_plus_one, RmsPlusOne)
