// Attention of few queries, or of any width and dtype. X: dtype. Scores, softmax and sums are float32; a query's result depends on
// itself and on what it sees alone.

DEPENDENT

/** What a query sees: from, to and sequence of all queries one after another, then the rows of each sequence's positions. */
struct Seen {
    int from, to;
    const int* rows; // null where position and row are the same

    __device__ __forceinline__ Seen(const int* mask, int queries, int capacity, int query) {
        from = mask[query];
        to = mask[queries + query];
        rows = capacity == 0 ? nullptr : mask + 3 * (i64) queries + (i64) mask[2 * queries + query] * capacity;
    }
    __device__ __forceinline__ int row(int position) const { return rows ? rows[position] : position; }
};

/** Rows of (S, G, D): the first element of a head's first row, and the distance of rows. */
struct Rows {
    const X* start;
    i64 stride;
    bool aligned;

    __device__ __forceinline__ Rows(const X* x, i64 stride, int head, int width)
        : start(x + (i64) head * width), stride(stride), aligned(packs(start, stride)) {}
    __device__ __forceinline__ Pack<X> wholePack(int row, int i) const { return loadPack(start + row * stride + i); }
    __device__ __forceinline__ Pack<X> pack(int row, int i, int width) const {
        return loadSome(start + row * stride + i, width - i, aligned && i + Pack<X>::N <= width);
    }
};

const int PER = Pack<X>::N;

DEVICE float dot(const float (&a)[PER], const float (&b)[PER], float sum) {
    #pragma unroll
    for (int e = 0; e < PER; e++) sum = fmaf(a[e], b[e], sum);
    return sum;
}

/** Adds what the slices of threads have summed, slice after slice: of element i of a row of n. */
DEVICE float addSlices(const float* part, int slices, int n, int i) {
    float s = 0;
    for (int slice = 0; slice < slices; slice++) s += part[slice * n + i];
    return s;
}

const int CHUNK = 256; // positions that a block looks at together, from a multiple of their number on

/** A key's values by each of some weights. */
template <int N, int KEYS>
DEVICE void addValues(float (&sum)[N][PER], const float (&weight)[N][KEYS], int key, const Pack<X>& values) {
    float b[PER];
    widen(values, b);
    #pragma unroll
    for (int i = 0; i < N; i++)
        #pragma unroll
        for (int e = 0; e < PER; e++) sum[i][e] = fmaf(weight[i][key], b[e], sum[i][e]);
}

/** One pack of values, of every so many-th key of a chunk, by each of some weights. */
template <int N>
DEVICE void addKeys(float (&sum)[N][PER], const float (&weight)[N][CHUNK], const Rows& values, const int* row, int slice, int slices,
                    int low, int high, int at, int width) {
    int key = slice + (max(low - slice, 0) + slices - 1) / slices * slices;
    if (values.aligned && at + PER <= width)
        #pragma unroll (N > 4 ? 4 : 8)
        for (; key < high; key += slices) addValues(sum, weight, key, values.wholePack(row[key], at));
    #pragma unroll 1
    for (; key < high; key += slices) addValues(sum, weight, key, values.pack(row[key], at, width));
}

// ---- any number of queries, any width: a block for some neighbouring queries and a head

const int TOGETHER = 4; // queries of a block, and keys of a warp

/** Queries of one sequence, and what any of them sees. */
struct Span {
    int first, count, from, to, sequence;
};

/** Products of all queries with some keys, each the same in all lanes. */
DEVICE void multiplyRows(float (&s)[TOGETHER][TOGETHER], const Rows& queries, const Rows& keys, const Span& span, const int* row, int width) {
    #pragma unroll 1
    for (int i = threadIdx.x % 32 * PER; i < width; i += 32 * PER) {
        float a[TOGETHER][PER];
        #pragma unroll
        for (int q = 0; q < TOGETHER; q++) widen(queries.pack(span.first + min(q, span.count - 1), i, width), a[q]);
        #pragma unroll
        for (int k = 0; k < TOGETHER; k++) {
            float b[PER];
            widen(keys.pack(row[k], i, width), b);
            #pragma unroll
            for (int q = 0; q < TOGETHER; q++) s[q][k] = dot(a[q], b, s[q][k]);
        }
    }
    #pragma unroll
    for (int q = 0; q < TOGETHER; q++)
        #pragma unroll
        for (int k = 0; k < TOGETHER; k++) s[q][k] = warpSum(s[q][k]);
}

/**
 * q (T, H, D), k and v (S, G, D), out (T, H, D); sums (T, H, D) holds what is not finished yet where a span sees more than one
 * chunk of positions.
 */
KERNEL(256, 1) attend(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, const int* mask, int capacity,
                      X* out, float* sums, const Span* spans, int count, int groups, int width, float scale) {
    begin();
    __shared__ float weight[TOGETHER][CHUNK], shrink[TOGETHER], total[TOGETHER];
    __shared__ float part[CHUNK * PER];
    __shared__ int row[CHUNK];
    const Span span = spans[blockIdx.x];
    const int head = blockIdx.y, heads = gridDim.y, group = head / (heads / groups);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const Seen seen(mask, count, capacity, span.first + min(warp % TOGETHER, span.count - 1)); // what a warp's query sees
    const Rows queries(q, qStride, head, width), keys(k, kStride, group, width), values(v, vStride, group, width);
    float top = -INFINITY;
    if (threadIdx.x < TOGETHER) total[threadIdx.x] = 0;
    const int begin = span.from / CHUNK * CHUNK;
    for (int start = begin; start < span.to; start += CHUNK) {
        const int low = max(span.from - start, 0), high = min(span.to - start, CHUNK);
        __syncthreads();
        row[threadIdx.x] = seen.row(start + min(max(threadIdx.x, low), high - 1));
        __syncthreads();
        for (int key = low / TOGETHER * TOGETHER + warp * TOGETHER; key < high; key += 8 * TOGETHER) {
            float s[TOGETHER][TOGETHER] = {};
            multiplyRows(s, queries, keys, span, row + key, width);
            #pragma unroll
            for (int i = 0; i < TOGETHER * TOGETHER; i++)
                if (lane == i) weight[i / TOGETHER][key + i % TOGETHER] = s[i / TOGETHER][i % TOGETHER] * scale;
        }
        __syncthreads();
        if (warp < TOGETHER) { // a warp's query
            float now = top, sum = 0;
            for (int i = lane; i < CHUNK; i += 32) {
                const bool inside = start + i >= seen.from && start + i < seen.to;
                if (!inside) weight[warp][i] = -INFINITY;
                now = fmaxf(now, weight[warp][i]);
            }
            now = warpMax(now);
            const float base = now == -INFINITY ? 0.f : now;
            for (int i = lane; i < CHUNK; i += 32) {
                const float w = expf(weight[warp][i] - base);
                weight[warp][i] = w;
                sum += w;
            }
            sum = warpSum(sum);
            const float less = expf(top - base);
            top = now;
            __syncwarp();
            if (lane == 0) {
                shrink[warp] = less;
                total[warp] = total[warp] * less + sum;
            }
        }
        __syncthreads();

        // A slice of threads covers a row of values, or as many of its packs as there are threads; it takes every so many-th key.
        const int packs = (width + PER - 1) / PER;
        for (int pack0 = 0; pack0 < packs; pack0 += 256) {
            const int across = min(256, packs - pack0), slices = 256 / across, slice = threadIdx.x / across;
            const int at = (pack0 + threadIdx.x % across) * PER;
            float sum[TOGETHER][PER] = {};
            if (slice < slices) addKeys(sum, weight, values, row, slice, slices, low, high, at, width);
            #pragma unroll
            for (int i = 0; i < TOGETHER; i++) {
                if (i >= span.count) break;
                if (slice < slices)
                    #pragma unroll
                    for (int e = 0; e < PER; e++) part[threadIdx.x * PER + e] = sum[i][e];
                __syncthreads();
                const i64 place = ((i64) (span.first + i) * heads + head) * width + pack0 * PER;
                for (int d = threadIdx.x; d < across * PER && pack0 * PER + d < width; d += 256) {
                    float s = addSlices(part, slices, across * PER, d);
                    if (start > begin) s = fmaf(sums[place + d], shrink[i], s);
                    if (start + CHUNK < span.to) sums[place + d] = s;
                    else out[place + d] = narrow<X>(s / total[i]);
                }
                __syncthreads();
            }
        }
    }
}

// ---- few queries of a width of at most 256: a block for each query, key head and chunk of positions

const int WIDEST = 256;
const int TILE = 64;        // positions that a block looks at together
const int SHARE = 256 / TILE; // threads of a key
const int MOST_CHUNKS = 64; // of a query
const int EARLY = 4;        // values that a thread asks for before it knows their weights

/** Positions of a chunk of a query that sees none from `to` on: by this query alone, so that nothing depends on others. */
DEVICE int chunkSize(int to) {
    int size = TILE;
    while (size * MOST_CHUNKS < to) size *= 2;
    return size;
}

/** More of the products of each head's query with a key. */
template <int HEADS>
DEVICE void addScores(float (&score)[HEADS], const float (&query)[HEADS][WIDEST], int i, const Pack<X>& key) {
    float b[PER];
    widen(key, b);
    #pragma unroll
    for (int h = 0; h < HEADS; h++) {
        float a[PER];
        #pragma unroll
        for (int e = 0; e < PER; e += 4) *(float4*) (a + e) = *(const float4*) &query[h][i + e];
        score[h] = dot(a, b, score[h]);
    }
}

/**
 * HEADS query heads of one key head over one chunk, tile after tile. sums (T, H, chunks, D) gets the sums of weighted values, and
 * weights (T, H, chunks, 2) the greatest score and the sum of weights; where a query sees one chunk only, out gets the result.
 */
template <int HEADS>
DEVICE void chunk(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, const int* mask, int capacity,
                  X* out, float* sums, float* weights, int heads, int groups, int width, float scale) {
    const int ROUND = HEADS < 4 ? HEADS : 4; // heads whose slices are added together
    __shared__ __align__(16) float query[HEADS][WIDEST];
    __shared__ float weight[HEADS][TILE], shrink[HEADS], total[HEADS];
    __shared__ float part[256 * PER * ROUND];
    const int t = blockIdx.z, shared = heads / groups, tiles = (shared + HEADS - 1) / HEADS;
    const int group = blockIdx.y / tiles, head0 = group * shared + blockIdx.y % tiles * HEADS;
    const int n = min(HEADS, (group + 1) * shared - head0);
    const Seen seen(mask, gridDim.z, capacity, t);
    const int size = chunkSize(seen.to), begin = blockIdx.x * size;
    const int low = max(seen.from, begin), high = min(seen.to, begin + size);
    if (low >= high) return;
    const bool alone = seen.from >= begin && seen.to <= begin + size;
    const int padded = (width + PER - 1) / PER * PER;
    for (int i = threadIdx.x; i < HEADS * padded; i += 256) {
        const int h = i / padded, d = i % padded;
        query[h][d] = h < n && d < width ? widen(q[t * qStride + (i64) (head0 + h) * width + d]) : 0.f;
    }

    // Neighbouring threads share a key; a slice of threads covers a row of values, and takes every so many-th key.
    const Rows keys(k, kStride, group, width), values(v, vStride, group, width);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, place = threadIdx.x / SHARE;
    const int across = padded / PER, slices = 256 / across, slice = threadIdx.x / across, at = threadIdx.x % across * PER;
    float sum[HEADS][PER] = {};
    float top = -INFINITY, all = 0; // of a warp's head
    const int first = low / TILE * TILE;
    for (int start = first; start < high; start += TILE) {
        const int position = start + place, row = seen.row(min(max(position, low), high - 1));
        Pack<X> early[EARLY];
        #pragma unroll
        for (int j = 0; j < EARLY; j++) {
            const int key = slice + j * slices;
            if (slice < slices && key < TILE) early[j] = values.pack(seen.row(min(max(start + key, low), high - 1)), at, width);
        }
        __syncthreads(); // the queries are there; nobody reads the weights of the tile before
        float score[HEADS] = {};
        int i = threadIdx.x % SHARE * PER;
        if (keys.aligned)
            #pragma unroll 4
            for (; i + PER <= width; i += SHARE * PER) addScores(score, query, i, keys.wholePack(row, i));
        #pragma unroll 1
        for (; i < width; i += SHARE * PER) addScores(score, query, i, keys.pack(row, i, width));
        const bool inside = position >= low && position < high;
        #pragma unroll
        for (int h = 0; h < HEADS; h++) {
            #pragma unroll
            for (int d = 1; d < SHARE; d *= 2) score[h] += __shfl_xor_sync(ALL, score[h], d);
            if (threadIdx.x % SHARE == 0) weight[h][place] = inside ? score[h] * scale : -INFINITY;
        }
        __syncthreads();
        if (warp < n) {
            float a = weight[warp][lane], b = weight[warp][lane + 32];
            const float now = fmaxf(top, warpMax(fmaxf(a, b))), less = expf(top - now);
            a = expf(a - now);
            b = expf(b - now);
            weight[warp][lane] = a;
            weight[warp][lane + 32] = b;
            all = fmaf(all, less, warpSum(a + b));
            top = now;
            if (lane == 0) shrink[warp] = less;
        }
        __syncthreads();
        if (start > first)
            #pragma unroll
            for (int h = 0; h < HEADS; h++)
                #pragma unroll
                for (int e = 0; e < PER; e++) sum[h][e] *= h < n ? shrink[h] : 0.f;
        if (slice < slices) {
            #pragma unroll
            for (int j = 0; j < EARLY; j++) {
                const int key = slice + j * slices;
                if (key < TILE) addValues(sum, weight, key, early[j]);
            }
            #pragma unroll 4
            for (int key = slice + EARLY * slices; key < TILE; key += slices)
                addValues(sum, weight, key, values.pack(seen.row(min(max(start + key, low), high - 1)), at, width));
        }
    }
    if (warp < n && lane == 0) {
        total[warp] = all;
        if (!alone) {
            float* pair = weights + (((i64) t * heads + head0 + warp) * gridDim.x + blockIdx.x) * 2;
            pair[0] = top;
            pair[1] = all;
        }
    }
    #pragma unroll
    for (int h0 = 0; h0 < HEADS; h0 += ROUND) {
        __syncthreads();
        if (slice < slices)
            #pragma unroll
            for (int h = 0; h < ROUND; h++)
                #pragma unroll
                for (int e = 0; e < PER; e++) part[(slice * ROUND + h) * padded + at + e] = sum[h0 + h][e];
        __syncthreads();
        for (int i = threadIdx.x; i < ROUND * width; i += 256) {
            const int h = i / width, d = i % width;
            if (h0 + h >= n) break;
            const float s = addSlices(part + h * padded, slices, ROUND * padded, d);
            const i64 to = (i64) t * heads + head0 + h0 + h;
            if (alone) out[to * width + d] = narrow<X>(s / total[h0 + h]);
            else sums[(to * gridDim.x + blockIdx.x) * width + d] = s;
        }
    }
}

#define CHUNK_OF(heads_) \
    KERNEL(256, 1) chunk_##heads_(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, const int* mask, \
                               int capacity, X* out, float* sums, float* weights, int heads, int groups, int width, float scale) { \
        begin(); \
        chunk<heads_>(q, qStride, k, kStride, v, vStride, mask, capacity, out, sums, weights, heads, groups, width, scale); \
    }

CHUNK_OF(1) CHUNK_OF(2) CHUNK_OF(4) CHUNK_OF(8)

/** Puts the chunks of each query and head together, in their order. */
KERNEL(256) merge(const float* sums, const float* weights, const int* mask, X* out, int chunks, int width) {
    begin();
    __shared__ float factor[MOST_CHUNKS], total;
    const int query = blockIdx.x, heads = gridDim.y, lane = threadIdx.x;
    const int size = chunkSize(mask[gridDim.x + query]);
    const int first = mask[query] / size, end = (mask[gridDim.x + query] - 1) / size + 1;
    if (end - first == 1) return; // finished by the chunk itself
    const i64 place = (i64) query * heads + blockIdx.y;
    sums += place * chunks * width;
    weights += place * chunks * 2;
    if (lane < 32) {
        const int c = first + lane, d = c + 32;
        const float a = c < end ? weights[2 * c] : -INFINITY, b = d < end ? weights[2 * d] : -INFINITY;
        const float top = warpMax(fmaxf(a, b)), x = expf(a - top), y = expf(b - top);
        const float sum = warpSum((c < end ? weights[2 * c + 1] * x : 0.f) + (d < end ? weights[2 * d + 1] * y : 0.f));
        factor[lane] = x;
        factor[lane + 32] = y;
        if (lane == 0) total = sum;
    }
    __syncthreads();
    for (int d = threadIdx.x; d < width; d += 256) {
        float s = 0;
        #pragma unroll 8
        for (int c = first; c < end; c++) s = fmaf(sums[(i64) c * width + d], factor[c - first], s);
        out[place * width + d] = narrow<X>(s / total);
    }
}
