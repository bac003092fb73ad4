// Matrix products of 16-bit numbers by tensor cores. X: dtype. A block has ROWS x 128 results, its 8 warps ROWS / 2 x 32 each; tiles
// of both operands come to shared memory three deep. Every element is one sum in the order of k, whatever the block's size.

const int OUTPUTS = 128, DEPTH = 32, STAGES = 3;
const int PITCH = DEPTH + 8; // of a row in shared memory: eight rows then lie in different banks

/** Operands as the contract has them; the weight by its strides. */
struct Operands {
    const X* x;
    i64 stride;
    int rows;
    const X* w;
    i64 outputStride, weightStride;
    int outputs, width;
    bool xAligned, wAligned;
};

/** Values k... of a row of the weight, whose values are apart in memory. */
DEVICE Pack<X> gathered(const Operands& s, int output, int k) {
    Pack<X> v;
    #pragma unroll
    for (int i = 0; i < Pack<X>::N; i++)
        v.at[i] = k + i < s.width ? s.w[output * s.outputStride + (k + i) * s.weightStride] : narrow<X>(0.f);
    return v;
}

/** Asks for the tiles at k0. Rows beyond the last are the last once more; their results are not stored. */
template <int ROWS> DEVICE void fetch(X* stage, const Operands& s, int row0, int output0, int k0) {
    #pragma unroll
    for (int i = threadIdx.x; i < (ROWS + OUTPUTS) * DEPTH / Pack<X>::N; i += 256) {
        const int line = i / (DEPTH / Pack<X>::N), part = i % (DEPTH / Pack<X>::N) * Pack<X>::N, k = k0 + part;
        X* to = stage + line * PITCH + part;
        if (line < ROWS) {
            fetchPack(to, s.x + min(row0 + line, s.rows - 1) * s.stride + k, s.width - k, s.xAligned);
        } else {
            const int output = min(output0 + line - ROWS, s.outputs - 1);
            if (s.weightStride == 1) fetchPack(to, s.w + output * s.outputStride + k, s.width - k, s.wAligned);
            else storePack(to, gathered(s, output, k));
        }
    }
}

/** Adds the products of two tiles. */
template <int ROWS> DEVICE void multiplyTiles(float (&sum)[ROWS / 32][4][4], const X* stage, int down, int across) {
    const int lane = threadIdx.x % 32;
    const X* a = stage + (down + lane % 16) * PITCH + lane / 16 * 8;
    const X* b = stage + (ROWS + across + lane % 8 + lane / 16 * 8) * PITCH + lane / 8 % 2 * 8;
    #pragma unroll
    for (int k = 0; k < DEPTH; k += 16) {
        u32 left[ROWS / 32][4], right[2][4];
        #pragma unroll
        for (int i = 0; i < ROWS / 32; i++) loadTiles(left[i], a + i * 16 * PITCH + k);
        #pragma unroll
        for (int j = 0; j < 2; j++) loadTiles(right[j], b + j * 16 * PITCH + k);
        #pragma unroll
        for (int i = 0; i < ROWS / 32; i++)
            #pragma unroll
            for (int j = 0; j < 4; j++) multiply<X>(sum[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
    }
}

template <int ROWS> DEVICE void product(const Operands& s, const X* bias, X* out) {
    extern __shared__ __align__(16) u16 memory[];
    X* stages = (X*) memory;
    const int stage = (ROWS + OUTPUTS) * PITCH;
    const int row0 = blockIdx.x * ROWS, output0 = blockIdx.y * OUTPUTS;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int down = warp / 4 * (ROWS / 2), across = warp % 4 * 32;
    const int steps = (s.width + DEPTH - 1) / DEPTH;
    float sum[ROWS / 32][4][4] = {};
    #pragma unroll
    for (int i = 0; i < STAGES - 1; i++) {
        if (i < steps) fetch<ROWS>(stages + i * stage, s, row0, output0, i * DEPTH);
        commitCopies();
    }
    for (int i = 0; i < steps; i++) {
        awaitCopies<STAGES - 2>();
        __syncthreads();
        const int ahead = i + STAGES - 1;
        if (ahead < steps) fetch<ROWS>(stages + ahead % STAGES * stage, s, row0, output0, ahead * DEPTH);
        commitCopies();
        multiplyTiles<ROWS>(sum, stages + i % STAGES * stage, down, across);
    }
    #pragma unroll
    for (int i = 0; i < ROWS / 32; i++)
        #pragma unroll
        for (int j = 0; j < 4; j++) {
            const int output = output0 + across + j * 8 + lane % 4 * 2;
            const float low = bias && output < s.outputs ? widen(bias[output]) : 0.f;
            const float high = bias && output + 1 < s.outputs ? widen(bias[output + 1]) : 0.f;
            #pragma unroll
            for (int half = 0; half < 2; half++) {
                const int row = row0 + down + i * 16 + half * 8 + lane / 4;
                const float a = sum[i][j][half * 2] + low, b = sum[i][j][half * 2 + 1] + high;
                X* to = out + (i64) row * s.outputs + output;
                if (row >= s.rows) continue;
                if (s.outputs % 2 == 0 && output < s.outputs) {
                    *(u32*) to = pair<X>(a, b);
                } else {
                    if (output < s.outputs) to[0] = narrow<X>(a);
                    if (output + 1 < s.outputs) to[1] = narrow<X>(b);
                }
            }
        }
}

#define PRODUCT(rows_) \
    KERNEL(256) product_##rows_(const X* x, i64 stride, int rows, const X* w, i64 outputStride, i64 weightStride, const X* bias, \
                                X* out, int n, int k) { \
        const Operands s = {x, stride, rows, w, outputStride, weightStride, n, k, packs(x, stride), packs(w, outputStride)}; \
        product<rows_>(s, bias, out); \
    }

PRODUCT(64) PRODUCT(128)
