// Attention of many queries by tensor cores (Dao, FlashAttention-2, 2023). X: dtype, of 16 bits; D: room for the width of a head. A
// block has up to 64 neighbouring queries of one sequence and one head, a warp 16 of them; key tiles lie at multiples of their
// size, and one that a query does not see leaves its sums as they are. Weights are two 16-bit numbers each, as one would lose
// more than a float32 sum does.

const int KEYS = D > 128 ? 16 : 64; // of a tile: as many as find registers
const int PITCH = D + 8; // of a row in shared memory: eight rows then lie in different banks
const bool HELD = D <= 128; // whether queries stay in registers

/** The greatest weight: float16 has few small numbers. */
template <class T> DEVICE float greatest() { return 1.f; }
template <> __device__ __forceinline__ float greatest<f16>() { return 32768.f; }

DEVICE float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/** Queries of one block, and what any of them sees. */
struct Span {
    int first, count, from, to, sequence;
};

/** Rows of (S, G, D) of one head. */
struct Rows {
    const X* start;
    i64 stride;
    bool aligned;
};

/** Asks for a tile of keys or values. For positions that the span does not see, whose weights are zero, come some that it sees. */
DEVICE void fetch(X* tile, const Rows& s, const int* rows, const Span& span, int position0, int width) {
    for (int i = threadIdx.x; i < KEYS * D / 8; i += 128) {
        const int line = i / (D / 8), part = i % (D / 8) * 8, position = min(max(position0 + line, span.from), span.to - 1);
        const int row = rows ? rows[position] : position;
        fetchPack(tile + line * PITCH + part, s.start + row * s.stride + part, width - part, s.aligned);
    }
    commitCopies();
}

/** The tiles of 16 queries, 16 of their values from d on. */
DEVICE void loadQueries(u32 (&a)[4], const X* warpRows, int d) {
    const int lane = threadIdx.x % 32;
    loadTiles(a, warpRows + lane % 16 * PITCH + d + lane / 16 * 8);
}

/** Scores of 16 queries: products with the keys of a tile. */
DEVICE void score(float (&s)[KEYS / 8][4], const u32 (&held)[HELD ? D / 16 : 1][4], const X* warpRows, const X* keys) {
    const int lane = threadIdx.x % 32;
    const X* b = keys + (lane % 8 + lane / 16 * 8) * PITCH + lane / 8 % 2 * 8;
    #pragma unroll
    for (int d = 0; d < D; d += 16) {
        u32 a[4];
        if (HELD)
            #pragma unroll
            for (int i = 0; i < 4; i++) a[i] = held[HELD ? d / 16 : 0][i];
        else loadQueries(a, warpRows, d);
        #pragma unroll
        for (int n = 0; n < KEYS / 16; n++) {
            u32 tiles[4];
            loadTiles(tiles, b + n * 16 * PITCH + d);
            multiply<X>(s[2 * n], a, tiles[0], tiles[1]);
            multiply<X>(s[2 * n + 1], a, tiles[2], tiles[3]);
        }
    }
}

/** A lane's two queries: of rows lane / 4 and lane / 4 + 8. */
struct Softmax {
    int from[2], to[2];
    float top[2], total[2];

    /** Scores become weights; sums so far are brought to the new greatest score. */
    __device__ __forceinline__ void weigh(float (&s)[KEYS / 8][4], float (&sum)[D / 8][4], int position0, float scale) {
        #pragma unroll
        for (int i = 0; i < 2; i++) {
            float now = top[i];
            #pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
                #pragma unroll
                for (int c = 0; c < 2; c++) {
                    const int position = position0 + n * 8 + threadIdx.x % 4 * 2 + c;
                    float& x = s[n][2 * i + c];
                    x = position >= from[i] && position < to[i] ? x * scale : -INFINITY;
                    now = fmaxf(now, x);
                }
            now = fmaxf(now, __shfl_xor_sync(ALL, now, 1));
            now = fmaxf(now, __shfl_xor_sync(ALL, now, 2));
            const float base = now == -INFINITY ? 0.f : now, shrink = exp2Fast(top[i] - base);
            top[i] = now;
            total[i] *= shrink;
            #pragma unroll
            for (int d = 0; d < D / 8; d++)
                #pragma unroll
                for (int c = 0; c < 2; c++) sum[d][2 * i + c] *= shrink;
            #pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
                #pragma unroll
                for (int c = 0; c < 2; c++) {
                    float& x = s[n][2 * i + c];
                    x = exp2Fast(x - base) * greatest<X>();
                    total[i] += x;
                }
        }
    }
};

/** Adds the values of a tile by their weights. */
DEVICE void addValues(float (&sum)[D / 8][4], const float (&s)[KEYS / 8][4], const X* values) {
    const int lane = threadIdx.x % 32;
    const X* b = values + lane % 16 * PITCH + lane / 16 * 8;
    #pragma unroll
    for (int n = 0; n < KEYS / 16; n++) {
        u32 high[4], low[4];
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const float x = s[2 * n + i / 2][i % 2 * 2], y = s[2 * n + i / 2][i % 2 * 2 + 1];
            float a, c;
            high[i] = pair<X>(x, y);
            widenPair<X>(high[i], a, c);
            low[i] = pair<X>(x - a, y - c);
        }
        #pragma unroll
        for (int d = 0; d < D / 16; d++) {
            u32 tiles[4];
            loadTurnedTiles(tiles, b + n * 16 * PITCH + d * 16);
            #pragma unroll
            for (int j = 0; j < 2; j++) {
                multiply<X>(sum[2 * d + j], high, tiles[2 * j], tiles[2 * j + 1]);
                multiply<X>(sum[2 * d + j], low, tiles[2 * j], tiles[2 * j + 1]);
            }
        }
    }
}

/** q (T, H, D), k and v (S, G, D), out (T, H, D); a block for each span and head. The scale is for powers of two. */
KERNEL(128, 1) flash(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, const int* mask, int capacity, X* out,
                  const Span* spans, int queries, int groups, int width, float scale) {
    extern __shared__ __align__(16) u16 memory[];
    X* keyTile = (X*) memory;
    X* valueTile = keyTile + KEYS * PITCH;
    const Span span = spans[gridDim.x - 1 - blockIdx.x]; // the last first: where all see what stands before, they see most
    const int head = blockIdx.y, heads = gridDim.y, group = head / (heads / groups);
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int* rows = capacity == 0 ? nullptr : mask + 3 * (i64) queries + (i64) span.sequence * capacity;
    const Rows keys = {k + (i64) group * width, kStride, packs(k + (i64) group * width, kStride)};
    const Rows values = {v + (i64) group * width, vStride, packs(v + (i64) group * width, vStride)};

    // Queries lie behind the tiles; where they move to registers, where the tiles will be.
    X* queryTile = HELD ? keyTile : valueTile + KEYS * PITCH;
    const X* query = q + (i64) head * width;
    for (int i = threadIdx.x; i < 64 * D / 8; i += 128) {
        const int line = i / (D / 8), part = i % (D / 8) * 8;
        const X* from = query + (i64) (span.first + min(line, span.count - 1)) * qStride + part;
        storePack(queryTile + line * PITCH + part, loadSome(from, width - part, packs(query, qStride) && part + 8 <= width));
    }
    __syncthreads();
    const X* warpRows = queryTile + warp * 16 * PITCH;
    u32 held[HELD ? D / 16 : 1][4];
    if (HELD) {
        #pragma unroll
        for (int d = 0; d < D / 16; d++) loadQueries(held[HELD ? d : 0], warpRows, d * 16);
        __syncthreads();
    }

    Softmax softmax;
    #pragma unroll
    for (int i = 0; i < 2; i++) {
        const int mine = span.first + min(warp * 16 + lane / 4 + 8 * i, span.count - 1);
        softmax.from[i] = mask[mine];
        softmax.to[i] = mask[queries + mine];
        softmax.top[i] = -INFINITY;
        softmax.total[i] = 0;
    }
    float sum[D / 8][4] = {};
    int position = span.from / KEYS * KEYS;
    fetch(keyTile, keys, rows, span, position, width);
    fetch(valueTile, values, rows, span, position, width);
    for (; position < span.to; position += KEYS) {
        const bool more = position + KEYS < span.to;
        float s[KEYS / 8][4] = {};
        awaitCopies<1>();
        __syncthreads();
        score(s, held, warpRows, keyTile);
        __syncthreads();
        if (more) fetch(keyTile, keys, rows, span, position + KEYS, width);
        else commitCopies();
        softmax.weigh(s, sum, position, scale);
        awaitCopies<1>();
        __syncthreads();
        addValues(sum, s, valueTile);
        __syncthreads();
        if (more) fetch(valueTile, values, rows, span, position + KEYS, width);
    }
    #pragma unroll
    for (int i = 0; i < 2; i++) {
        float total = softmax.total[i];
        total += __shfl_xor_sync(ALL, total, 1);
        total += __shfl_xor_sync(ALL, total, 2);
        const int line = warp * 16 + lane / 4 + 8 * i;
        X* to = out + ((i64) (span.first + line) * heads + head) * width;
        #pragma unroll
        for (int n = 0; n < D / 8; n++) {
            const int d = n * 8 + lane % 4 * 2;
            const float a = sum[n][2 * i] / total, b = sum[n][2 * i + 1] / total;
            if (line >= span.count || d >= width) continue;
            if (width % 2 == 0) *(u32*) (to + d) = pair<X>(a, b);
            else {
                to[d] = narrow<X>(a);
                if (d + 1 < width) to[d + 1] = narrow<X>(b);
            }
        }
    }
}
