// Products of at most 16 rows with a matrix (N, K), for sources that include this: matrix-vector kernels at the memory's speed. X: rows; W:
// weights; ROWS: how many rows a kernel has room for. A row's sums follow one order that depends on N and K alone: pack i of 16 bytes of weights
// belongs to lane i mod (32 WARPS), a lane adds its packs in order, then come the lanes of a warp, then the warps.
//
// A launch multiplies the same rows with one matrix or with some, whose outputs lie apart, and may go on with each product: by a
// function of it, or by that function of one matrix's products times another's.

const int PER = Pack<W>::N; // values of a pack of weights
typedef Pack<X> Part[PER / Pack<X>::N]; // as many values of a row

/** One more pack of products in every sum. */
template <int OUTPUTS> DEVICE void add(float (&sum)[ROWS][OUTPUTS], int row, const float (&w)[OUTPUTS][PER], const Part& part) {
    float x[PER];
    #pragma unroll
    for (int i = 0; i < PER / Pack<X>::N; i++) widen(part[i], x + i * Pack<X>::N);
    #pragma unroll
    for (int o = 0; o < OUTPUTS; o++)
        #pragma unroll
        for (int e = 0; e < PER; e++) sum[row][o] = fmaf(w[o][e], x[e], sum[row][o]);
}

DEVICE void load(Part& part, const X* x) {
    #pragma unroll
    for (int i = 0; i < PER / Pack<X>::N; i++) part[i] = loadPack(x + i * Pack<X>::N);
}

DEVICE Pack<W> stream(const W* w) {
    Pack<W> x;
    *(uint4*) &x = __ldcs((const uint4*) w);
    return x;
}

// What products do before they touch their rows. ALIGNED: whether all addresses and K are known to allow packs.
struct There {
    static const bool ALIGNED = true;
    __device__ __forceinline__ void operator()() const {}
};
struct Await {
    static const bool ALIGNED = false;
    __device__ __forceinline__ void operator()() const { awaitPrevious(); }
};

/** Packs lane, lane + step ... of aligned rows; LOADS of each output in flight, the first ones before the rows are there. */
template <int STEP, int OUTPUTS, int LOADS, class Ready>
DEVICE void sumPacks(float (&sum)[ROWS][OUTPUTS], const W* const (&w)[OUTPUTS], const X* const (&x)[ROWS], int lane, int packs,
                     const Ready& ready) {
    Pack<W> next[LOADS][OUTPUTS];
    int i = lane;
    bool full = i + (LOADS - 1) * STEP < packs;
    if (full) {
        #pragma unroll
        for (int u = 0; u < LOADS; u++)
            #pragma unroll
            for (int o = 0; o < OUTPUTS; o++) next[u][o] = stream(w[o] + (i64) (i + u * STEP) * PER);
    }
    ready();
    while (full) {
        int following = i + LOADS * STEP;
        bool more = following + (LOADS - 1) * STEP < packs;
        #pragma unroll
        for (int u = 0; u < LOADS; u++) {
            float values[OUTPUTS][PER];
            #pragma unroll
            for (int o = 0; o < OUTPUTS; o++) {
                widen(next[u][o], values[o]);
                if (more) next[u][o] = stream(w[o] + (i64) (following + u * STEP) * PER);
            }
            #pragma unroll
            for (int r = 0; r < ROWS; r++) {
                Part part;
                load(part, x[r] + (i64) (i + u * STEP) * PER);
                add(sum, r, values, part);
            }
        }
        i = following;
        full = more;
    }
    for (; i < packs; i += STEP) {
        float values[OUTPUTS][PER];
        #pragma unroll
        for (int o = 0; o < OUTPUTS; o++) widen(stream(w[o] + (i64) i * PER), values[o]);
        #pragma unroll
        for (int r = 0; r < ROWS; r++) {
            Part part;
            load(part, x[r] + (i64) i * PER);
            add(sum, r, values, part);
        }
    }
}

/** The same sums where addresses or K allow no packs. */
template <int STEP, int OUTPUTS>
DEVICE void sumElements(float (&sum)[ROWS][OUTPUTS], const W* const (&w)[OUTPUTS], const X* const (&x)[ROWS], int lane, int k) {
    for (i64 i = (i64) lane * PER; i < k; i += STEP * PER)
        #pragma unroll 1
        for (int e = 0; e < PER && i + e < k; e++)
            #pragma unroll
            for (int o = 0; o < OUTPUTS; o++) {
                float value = widen(w[o][i + e]);
                #pragma unroll
                for (int r = 0; r < ROWS; r++) sum[r][o] = fmaf(value, widen(x[r][i + e]), sum[r][o]);
            }
}

/** A matrix (n, K), and what becomes of the products. */
struct Matrix {
    const W* w;
    const void* bias;
    X* out; // (rows, n)
    X* further; // (rows, n), f of out; null where there is none
    int n, biasType, f;
    float factor;
};

/** Rows (rows, K), and the matrices one after another. */
struct Products {
    const X* x;
    i64 stride;
    int rows, k, count, early; // early: nothing that is launched with this writes the weights
    Matrix matrices[3];
};

/**
 * The sums of OUTPUTS rows of weights, which WARPS warps share: lane l of the first of them gets that of row l / OUTPUTS and
 * output l % OUTPUTS; false in all others.
 */
template <int WARPS, int OUTPUTS, int LOADS, class Ready>
DEVICE bool sums(float& total, const Products& p, const X* x, const W* const (&weights)[OUTPUTS], bool any, const Ready& ready) {
    __shared__ float part[8][ROWS * OUTPUTS];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const X* inputs[ROWS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) inputs[r] = x + min(r, p.rows - 1) * p.stride;
    float sum[ROWS][OUTPUTS] = {};
    const int place = warp % WARPS * 32 + lane;
    if (!p.early) awaitPrevious();
    if (Ready::ALIGNED || (any && packs(weights[0], p.k) && packs(weights[OUTPUTS - 1], p.k) && packs(x, p.stride))) {
        sumPacks<WARPS * 32, OUTPUTS, LOADS>(sum, weights, inputs, place, p.k / PER, ready);
    } else {
        ready();
        if (any) sumElements<WARPS * 32, OUTPUTS>(sum, weights, inputs, place, p.k);
    }
    #pragma unroll
    for (int r = 0; r < ROWS; r++)
        #pragma unroll
        for (int o = 0; o < OUTPUTS; o++) {
            float s = warpSum(sum[r][o]);
            if (lane == 0) part[warp][r * OUTPUTS + o] = s;
        }
    if (WARPS == 1) __syncwarp();
    else __syncthreads();
    const int leader = warp - warp % WARPS;
    if (warp != leader) return false;
    total = 0;
    #pragma unroll
    for (int i = 0; i < WARPS; i++) total += part[leader + i][min(lane, ROWS * OUTPUTS - 1)];
    return true;
}

/** To which matrix, of n outputs, a block belongs where each has so many outputs; `block` becomes its number there. */
DEVICE int find(const Products& p, int each, int& block, int& n, const W*& w) {
    int which = 0;
    n = p.matrices[0].n;
    w = p.matrices[0].w;
    #pragma unroll
    for (int i = 1; i < 3; i++) {
        const int before = (n + each - 1) / each;
        if (i >= p.count || block < before) break;
        block -= before;
        which = i;
        n = p.matrices[i].n;
        w = p.matrices[i].w;
    }
    return which;
}

/** WARPS warps share OUTPUTS neighbouring rows of a matrix; as many as a block has of them, from the `block`-th on. The rows are at x. */
template <int WARPS, int OUTPUTS, int LOADS, class Ready> DEVICE void few(const Products& p, const X* x, int block, const Ready& ready) {
    const int lane = threadIdx.x % 32, each = 8 / WARPS * OUTPUTS;
    int n;
    const W* w;
    const int which = find(p, each, block, n, w);
    const int first = block * each + threadIdx.x / 32 / WARPS * OUTPUTS;
    const W* weights[OUTPUTS];
    #pragma unroll
    for (int o = 0; o < OUTPUTS; o++) weights[o] = w + (i64) min(first + o, n - 1) * p.k;
    float total;
    if (!sums<WARPS, OUTPUTS, LOADS>(total, p, x, weights, first < n, ready)) return;
    const int row = lane / OUTPUTS, output = first + lane % OUTPUTS;
    if (row >= p.rows || output >= n) return;
    const Matrix m = which == 0 ? p.matrices[0] : which == 1 ? p.matrices[1] : p.matrices[2];
    const i64 at = (i64) row * n + output;
    const X y = narrow<X>(total + element(m.bias, m.biasType, output));
    m.out[at] = y;
    if (m.further) m.further[at] = narrow<X>(apply(m.f, widen(y), m.factor));
}

/** The same sums of the gate, the first matrix, and of what it gates, the second: its further are f(gate) times the second's out. */
template <int WARPS, int EACH, int LOADS, class Ready> DEVICE void gated(const Products& p, const X* x, int block, const Ready& ready) {
    const int lane = threadIdx.x % 32, OUTPUTS = 2 * EACH;
    const Matrix &gate = p.matrices[0], &up = p.matrices[1];
    const int first = (block * (8 / WARPS) + threadIdx.x / 32 / WARPS) * EACH;
    const W* weights[OUTPUTS];
    #pragma unroll
    for (int o = 0; o < OUTPUTS; o++) weights[o] = (o < EACH ? gate.w : up.w) + (i64) min(first + o % EACH, gate.n - 1) * p.k;
    float total;
    if (!sums<WARPS, OUTPUTS, LOADS>(total, p, x, weights, first < gate.n, ready)) return;
    const int row = lane / OUTPUTS, o = lane % OUTPUTS, output = first + o % EACH;
    const bool live = row < p.rows && output < gate.n;
    const i64 at = (i64) row * gate.n + output;
    const void* bias = o < EACH ? gate.bias : up.bias;
    const X y = narrow<X>(live ? total + element(bias, o < EACH ? gate.biasType : up.biasType, output) : 0.f);
    if (live) (o < EACH ? gate.out : up.out)[at] = y;
    const float u = __shfl_down_sync(ALL, widen(y), EACH);
    if (live && o < EACH) gate.further[at] = narrow<X>(rounded<X>(apply(gate.f, widen(y), 1.f)) * u);
}

// Weights in flight: so many loads at most, or as many as find registers beside those of the rows that go with them.
const int FIT = 16 / (ROWS * PER / Pack<X>::N) > 0 ? 16 / (ROWS * PER / Pack<X>::N) : 1;
DEVICE constexpr int fitting(int loads) { return FIT < loads ? FIT : loads; }
const int LONG_LOADS = ROWS == 1 ? 4 : 2;

// Names, warps of outputs, outputs, loads. Measured (docs/experiments.md): a lane with long runs has few sums across lanes, which is what
// several rows cost; two outputs share what is loaded of a row. Only how many warps share an output is of any weight for the order of sums.
#define TALL(FORM) FORM(few_tall, 1, 2, fitting(4)) // many outputs, or several rows
#define SMALL(FORM) FORM(few_small, 1, 1, fitting(8)) // one row
#define LONG(FORM) FORM(few_long, 4, 2, fitting(LONG_LOADS)) // long rows
#define TALL_GATED(FORM) FORM(few_tall_gated, 1, 1, fitting(4))
#define LONG_GATED(FORM) FORM(few_long_gated, 4, 1, fitting(LONG_LOADS))
