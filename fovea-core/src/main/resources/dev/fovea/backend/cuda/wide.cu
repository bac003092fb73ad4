// Attention of at most 32 queries to at most 32 keys that all of them see, in heads of any width: channels that attend to each other
// over all places of a map. X: dtype, of 16 bits. The width is cut into slices at fixed places, for which scores are summed apart.

DEPENDENT

const int MOST = 32, SLICE = 512, WARPS = 8;

/** Eight neighbouring values of a row, as pairs. */
DEVICE uint4 eight(const X* row, int column, int width, bool aligned) {
    const Pack<X> pack = loadSome(row + column, width - column, aligned && column + 8 <= width);
    return *(const uint4*) &pack;
}

/** partial (H, slices, 32, 32): products of queries and keys over a slice, summed by tensor cores, then warp after warp. */
KERNEL(256) wide_scores(const X* q, i64 qStride, const X* k, i64 kStride, float* partial, int queries, int keys, int width) {
    begin();
    __shared__ float parts[WARPS][MOST][MOST];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    q += (i64) blockIdx.y * width;
    k += (i64) blockIdx.y * width;
    const bool qAligned = packs(q, qStride), kAligned = packs(k, kStride);
    float sum[2][4][4] = {};
    for (int at = warp * 32; at < SLICE; at += 32 * WARPS) {
        const int first = blockIdx.x * SLICE + at, column = first + lane % 4 * 8;
        if (first >= width) break;
        uint4 a[4], b[4];
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = i * 8 + lane / 4;
            a[i] = eight(q + min(row, queries - 1) * qStride, column, width, qAligned);
            b[i] = eight(k + min(row, keys - 1) * kStride, column, width, kAligned);
        }
        #pragma unroll
        for (int m = 0; m < 2; m++)
            #pragma unroll
            for (int n = 0; n < 4; n++) {
                const u32 low[4] = {a[2 * m].x, a[2 * m + 1].x, a[2 * m].y, a[2 * m + 1].y};
                const u32 high[4] = {a[2 * m].z, a[2 * m + 1].z, a[2 * m].w, a[2 * m + 1].w};
                multiply<X>(sum[m][n], low, b[n].x, b[n].y);
                multiply<X>(sum[m][n], high, b[n].z, b[n].w);
            }
    }
    #pragma unroll
    for (int m = 0; m < 2; m++)
        #pragma unroll
        for (int n = 0; n < 4; n++)
            #pragma unroll
            for (int i = 0; i < 4; i++) parts[warp][m * 16 + i / 2 * 8 + lane / 4][n * 8 + lane % 4 * 2 + i % 2] = sum[m][n][i];
    __syncthreads();
    float* to = partial + ((i64) blockIdx.y * gridDim.x + blockIdx.x) * MOST * MOST;
    for (int i = threadIdx.x; i < MOST * MOST; i += 256) {
        float s = 0;
        #pragma unroll
        for (int w = 0; w < WARPS; w++) s += (&parts[w][0][0])[i];
        to[i] = s;
    }
}

/** weights (H, 32 keys, 32 queries): the softmax of a query's scores, slice added to slice; a warp has a query. */
KERNEL(256) wide_weights(const float* partial, float* weights, int slices, int keys, float scale) {
    begin();
    const int query = blockIdx.x * WARPS + threadIdx.x / 32, key = threadIdx.x % 32;
    const float* from = partial + ((i64) blockIdx.y * slices * MOST + query) * MOST + key;
    float s = 0;
    for (int slice = 0; slice < slices; slice++) s += from[(i64) slice * MOST * MOST];
    s = key < keys ? s * scale : -INFINITY;
    const float most = warpMax(s), e = key < keys ? expf(s - most) : 0.f;
    weights[((i64) blockIdx.y * MOST + key) * MOST + query] = e / warpSum(e);
}

/** out (queries, H, width), by pairs of columns: values by their weights, key after key. */
KERNEL(256) wide_values(const X* v, i64 vStride, const float* weights, X* out, int queries, int keys, int width) {
    begin();
    __shared__ float4 shared[MOST][MOST / 4];
    weights += (i64) blockIdx.y * MOST * MOST;
    ((float4*) shared)[threadIdx.x] = ((const float4*) weights)[threadIdx.x];
    __syncthreads();
    const int column = blockIdx.x * SLICE + 2 * threadIdx.x;
    if (column >= width) return;
    v += (i64) blockIdx.y * width + column;
    out += (i64) blockIdx.y * width + column;
    const i64 outStride = (i64) gridDim.y * width;
    const bool both = column + 1 < width;
    const bool vPairs = both && ((u64) v & 3) == 0 && vStride % 2 == 0, outPairs = both && ((u64) out & 3) == 0 && outStride % 2 == 0;
    float sum[MOST][2] = {};
    for (int key = 0; key < keys; key++) {
        const X* from = v + key * vStride;
        float low, high;
        if (vPairs) {
            widenPair<X>(*(const u32*) from, low, high);
        } else {
            low = widen(from[0]);
            high = both ? widen(from[1]) : 0.f;
        }
        #pragma unroll
        for (int i = 0; i < MOST / 4; i++) {
            const float4 w = shared[key][i];
            const float of[4] = {w.x, w.y, w.z, w.w};
            #pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[4 * i + j][0] = fmaf(of[j], low, sum[4 * i + j][0]);
                sum[4 * i + j][1] = fmaf(of[j], high, sum[4 * i + j][1]);
            }
        }
    }
    #pragma unroll
    for (int query = 0; query < MOST; query++) {
        if (query >= queries) break;
        X* to = out + query * outStride;
        if (outPairs) {
            *(u32*) to = pair<X>(sum[query][0], sum[query][1]);
        } else {
            to[0] = narrow<X>(sum[query][0]);
            if (both) to[1] = narrow<X>(sum[query][1]);
        }
    }
}
