// Products of at most 16 rows with a matrix (N, K): matrix-vector kernels at the memory's speed. X: rows; W: weights; ROWS: how
// many rows a kernel has room for. A row's sums follow one order that depends on N and K alone: pack i of 16 bytes of weights
// belongs to lane i mod (32 WARPS), a lane adds its packs in order, then come the lanes of a warp, then the warps.

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

/** Packs lane, lane + step ... of aligned rows; LOADS of each output in flight. */
template <int STEP, int OUTPUTS, int LOADS>
DEVICE void sumPacks(float (&sum)[ROWS][OUTPUTS], const W* const (&w)[OUTPUTS], const X* const (&x)[ROWS], int lane, int packs) {
    Pack<W> next[LOADS][OUTPUTS];
    int i = lane;
    bool full = i + (LOADS - 1) * STEP < packs;
    if (full) {
        #pragma unroll
        for (int u = 0; u < LOADS; u++)
            #pragma unroll
            for (int o = 0; o < OUTPUTS; o++) next[u][o] = stream(w[o] + (i64) (i + u * STEP) * PER);
    }
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

/** WARPS warps share OUTPUTS neighbouring rows of w. */
template <int WARPS, int OUTPUTS, int LOADS>
DEVICE void few(const X* x, i64 stride, int rows, const W* w, const void* bias, int biasType, X* out, int n, int k) {
    __shared__ float part[8][ROWS * OUTPUTS];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int first = (blockIdx.x * (8 / WARPS) + warp / WARPS) * OUTPUTS;
    const W* weights[OUTPUTS];
    const X* inputs[ROWS];
    #pragma unroll
    for (int o = 0; o < OUTPUTS; o++) weights[o] = w + (i64) min(first + o, n - 1) * k;
    #pragma unroll
    for (int r = 0; r < ROWS; r++) inputs[r] = x + min(r, rows - 1) * stride;
    float sum[ROWS][OUTPUTS] = {};
    const int place = warp % WARPS * 32 + lane;
    if (first < n) {
        if (packs(w, k) && packs(x, stride)) sumPacks<WARPS * 32, OUTPUTS, LOADS>(sum, weights, inputs, place, k / PER);
        else sumElements<WARPS * 32, OUTPUTS>(sum, weights, inputs, place, k);
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
    if (warp != leader || lane >= ROWS * OUTPUTS) return;
    const int row = lane / OUTPUTS, output = first + lane % OUTPUTS;
    if (row >= rows || output >= n) return;
    float total = 0;
    #pragma unroll
    for (int i = 0; i < WARPS; i++) total += part[leader + i][lane];
    out[(i64) row * n + output] = narrow<X>(total + element(bias, biasType, output));
}

// Weights in flight: so many loads at most, or as many as find registers beside those of the rows that go with them.
const int FIT = 16 / (ROWS * PER / Pack<X>::N) > 0 ? 16 / (ROWS * PER / Pack<X>::N) : 1;

// The assembler, left to itself, spills a few registers to have one block more, but for a single row.
#if ROWS == 1
#define BOUNDS 256
#else
#define BOUNDS 256, 1
#endif

#define FEW(name, warps, outputs, loads) \
    KERNEL(BOUNDS) name(const X* x, i64 stride, int rows, const W* w, const void* bias, int biasType, X* out, int n, int k) { \
        few<warps, outputs, (FIT < loads ? FIT : loads)>(x, stride, rows, w, bias, biasType, out, n, k); \
    }

// Measured (docs/experiments.md): a lane with long runs has few sums across lanes, which is what several rows cost; two outputs share
// what is loaded of a row. Only how many warps share an output is of any weight for the order of sums.
FEW(few_tall, 1, 2, 4) // many outputs
#if ROWS == 1
FEW(few_long, 4, 2, 4) // long rows
FEW(few_small, 1, 1, 8)
#else
FEW(few_long, 4, 2, 2)
FEW(few_small, 1, 2, 4)
#endif
