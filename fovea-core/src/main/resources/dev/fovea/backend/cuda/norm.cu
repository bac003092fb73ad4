// Norms over rows of a width, and what stands beside them in steps. X: activations; W: weights.

#include "vectors.cu"

DEPENDENT

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

// ---- what steps of few rows do around their norms, in one launch: all that is between is written too

template <class G, class K> DEVICE void addNorm(const Sum& s, const Normed& to, i64 rows, int width) {
    const i64 row = G::row(), at = row * width;
    if (row >= rows) return;
    const Vector<G, X> y = sumNorm<G, K>(s, to, at, width);
    if (to.again) y.map(to.again + at, [](float a) { return a; });
}

#define ADD(name, K) \
    BOTH_WITHIN((256, 1), add_##name, (const Sum s, const Normed to, i64 rows, int width), (addNorm<G, K>(s, to, rows, width)))
ADD(rms_norm, Rms)
ADD(rms_norm_plus_one, RmsPlusOne)
ADD(layer_norm, Layer)

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
    KERNEL(256, 1) name(const Heads q, const Heads k, const Heads v, const X* cos, const X* sin, int rows, int width, float eps) { \
        begin(); \
        heads<K>(q, k, v, cos, sin, rows, width, eps); \
    }

HEADS(heads_rms_norm, Rms)
HEADS(heads_rms_norm_plus_one, RmsPlusOne)
