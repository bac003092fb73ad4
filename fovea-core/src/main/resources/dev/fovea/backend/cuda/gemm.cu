// Matrix products by float32 arithmetic, for all dtypes and any strides of the weights. X: rows; W: weights. Every element is one
// sum in the order of k, so that it depends on nothing but its row and its output.

const int TILE = 64; // rows and outputs of a block
const int DEPTH = 16; // of k at a time
const int EACH = TILE * DEPTH / 256; // elements of a tile that a thread loads

struct Tiles {
    float x[DEPTH][TILE + 4];
    float w[DEPTH][TILE + 4];
};

/** A matrix by its strides; zeros beyond its ends. */
template <class T> struct Matrix {
    const T* start;
    i64 rowStride, columnStride;
    int rows, columns;

    __device__ __forceinline__ float at(int row, int column) const {
        return row < rows && column < columns ? widen(start[row * rowStride + column * columnStride]) : 0.f;
    }
};

/** Which element of a tile a thread loads as its i-th: neighbours in memory by neighbouring threads. */
struct Place {
    int row, column;
    __device__ __forceinline__ Place(bool rowsFirst, int i) {
        int at = threadIdx.x + 256 * i;
        row = rowsFirst ? at % TILE : at / DEPTH;
        column = rowsFirst ? at / TILE : at % DEPTH;
    }
};

/** (T, N) = (T, K) (N, K)ᵀ + bias. */
KERNEL(256) gemm(const X* x, i64 stride, int rows, const W* w, i64 outputStride, i64 weightStride, const void* bias, int biasType,
                 X* out, int n, int k) {
    __shared__ Tiles tiles;
    const Matrix<X> left = {x, stride, 1, rows, k};
    const Matrix<W> right = {w, outputStride, weightStride, n, k};
    const bool transposed = weightStride != 1;
    const int row0 = blockIdx.x * TILE, output0 = blockIdx.y * TILE;
    const int down = threadIdx.x / 16 * 4, across = threadIdx.x % 16 * 4;
    float sum[4][4] = {};
    for (int k0 = 0; k0 < k; k0 += DEPTH) {
        #pragma unroll
        for (int i = 0; i < EACH; i++) {
            Place a(false, i), b(transposed, i);
            tiles.x[a.column][a.row] = left.at(row0 + a.row, k0 + a.column);
            tiles.w[b.column][b.row] = right.at(output0 + b.row, k0 + b.column);
        }
        __syncthreads();
        const int depth = min(DEPTH, k - k0);
        for (int d = 0; d < depth; d++) {
            const float4 a = *(const float4*) &tiles.x[d][down];
            const float4 b = *(const float4*) &tiles.w[d][across];
            const float as[4] = {a.x, a.y, a.z, a.w}, bs[4] = {b.x, b.y, b.z, b.w};
            #pragma unroll
            for (int i = 0; i < 4; i++)
                #pragma unroll
                for (int j = 0; j < 4; j++) sum[i][j] = fmaf(as[i], bs[j], sum[i][j]);
        }
        __syncthreads();
    }
    #pragma unroll
    for (int i = 0; i < 4; i++)
        #pragma unroll
        for (int j = 0; j < 4; j++) {
            int row = row0 + down + i, output = output0 + across + j;
            if (row < rows && output < n)
                out[(i64) row * n + output] = narrow<X>(sum[i][j] + element(bias, biasType, output));
        }
}
