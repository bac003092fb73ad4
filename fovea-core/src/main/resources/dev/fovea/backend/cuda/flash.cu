// Attention of many queries by tensor cores (Dao, FlashAttention-2, 2023). X: dtype, of 16 bits; D: room for the width of a head. A
// block has neighbouring queries of one sequence and one head, a warp 16 or 32 of them; key tiles lie at multiples of their size,
// which D alone decides, and one that a query does not see leaves its sums as they are: what a query gets does not depend on its
// block. Weights are two 16-bit numbers each, as one would lose more than a float32 sum does.

const int KEYS = D > 96 ? 32 : 64; // of a tile
const int STAGES = D > 128 ? 1 : 2; // pairs of tiles in shared memory: one at work, one on its way
const int PACKS = D / 8;
const int PITCH = PACKS % 2 ? D : D + 8; // of a row in shared memory: eight rows then lie in different banks
const int WARPS = D > 128 ? 8 : 4;       // of a large block
const int MOST = D > 128 ? 1 : 2;        // times 16 queries: of a warp of a large block

/** What scores' exponents begin at: float16 has few small numbers. */
template <class T> DEVICE float bias() { return 0.f; }
template <> __device__ __forceinline__ float bias<f16>() { return 15.f; }

DEVICE float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/** c (16, 8) += a (16, 8) b (8, 8), b by columns. */
template <class T> DEVICE void multiplyHalf(float (&c)[4], u32 a0, u32 a1, u32 b);
#define MULTIPLY_HALF(type, name) \
    template <> __device__ __forceinline__ void multiplyHalf<type>(float (&c)[4], u32 a0, u32 a1, u32 b) { \
        asm("mma.sync.aligned.m16n8k8.row.col.f32." name "." name ".f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};" \
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) \
            : "r"(a0), "r"(a1), "r"(b)); \
    }
MULTIPLY_HALF(bf16, "bf16")
MULTIPLY_HALF(f16, "f16")

/** Queries of one block, and what any of them sees. */
struct Span {
    int first, count, from, to, sequence;
};

/** Rows of (S, G, D) of one head. */
struct Rows {
    const X* start;
    i64 stride;
    bool aligned;

    __device__ __forceinline__ Rows(const X* x, i64 stride, int head, int width)
        : start(x + (i64) head * width), stride(stride), aligned(packs(start, stride)) {}
};

/** Asks for rows, some neighbouring threads for one: each thread for some packs of the row that it names. */
template <int COUNT, int THREADS> DEVICE void fetch(X* tile, const Rows& s, int row, int width) {
    const int SHARE = THREADS / COUNT;
    const int part = threadIdx.x % SHARE * 8;
    const X* from = s.start + (u64) (u32) row * (u64) s.stride + part;
    X* to = tile + threadIdx.x / SHARE * PITCH + part;
    if (s.aligned && width == D)
        #pragma unroll
        for (int i = 0; i < D; i += SHARE * 8) {
            if (D % (SHARE * 8) == 0 || part + i < D) copyPack(to + i, from + i);
        }
    else
        #pragma unroll 1
        for (int i = 0; part + i < D; i += SHARE * 8) fetchPack(to + i, from + i, width - part - i, s.aligned);
}

/** Asks for tiles of keys and values. For positions that the span does not see, whose weights are zero, come some that it sees. */
template <int THREADS> struct Source {
    Rows keys, values;
    const int* rows; // null where position and row are the same
    int from, to, width;

    __device__ __forceinline__ int row(int position0) const {
        const int position = min(max(position0 + (int) threadIdx.x / (THREADS / KEYS), from), to - 1);
        return rows ? rows[position] : position;
    }
    __device__ __forceinline__ void fetchKeys(X* tile, int position) const { fetch<KEYS, THREADS>(tile, keys, row(position), width); }
    __device__ __forceinline__ void fetchValues(X* tile, int position) const { fetch<KEYS, THREADS>(tile, values, row(position), width); }
    __device__ __forceinline__ void fetchBoth(X* tile, int position) const {
        const int mine = row(position);
        fetch<KEYS, THREADS>(tile, keys, mine, width);
        fetch<KEYS, THREADS>(tile + KEYS * PITCH, values, mine, width);
    }
};

/** Products of 16 M queries with keys. */
template <int M> struct Scores {
    // Where they find registers, queries stay there.
    static const bool HELD = M * D <= 144;
    u32 held[HELD ? M : 1][HELD ? (D + 15) / 16 : 1][4];
    const X* rows;

    /** The tiles of queries, 16 of their values from 16 d on, or in two of them the last 8. */
    __device__ __forceinline__ void load(u32 (&a)[4], int m, int d) const {
        const int lane = threadIdx.x % 32;
        loadTiles(a, rows + (m * 16 + lane % 16) * PITCH + d * 16 + (d == D / 16 ? 0 : lane / 16 * 8));
    }

    /** Before the first products; queries that are held may then be overwritten. */
    __device__ __forceinline__ void begin() {
        if (HELD)
            #pragma unroll
            for (int m = 0; m < M; m++)
                #pragma unroll
                for (int d = 0; d < (D + 15) / 16; d++) load(held[HELD ? m : 0][HELD ? d : 0], m, d);
    }

    __device__ __forceinline__ void query(u32 (&a)[M][4], int d) const {
        #pragma unroll
        for (int m = 0; m < M; m++)
            if (HELD)
                #pragma unroll
                for (int i = 0; i < 4; i++) a[m][i] = held[HELD ? m : 0][HELD ? d : 0][i];
            else load(a[m], m, d);
    }

    __device__ __forceinline__ void add(float (&s)[M][KEYS / 8][4], const X* keys) const {
        const int lane = threadIdx.x % 32;
        const X* b = keys + (lane % 8 + lane / 16 * 8) * PITCH + lane / 8 % 2 * 8;
        u32 a[M][4], tiles[4];
        #pragma unroll
        for (int d = 0; d < D / 16; d++) {
            query(a, d);
            #pragma unroll
            for (int n = 0; n < KEYS / 16; n++) {
                loadTiles(tiles, b + n * 16 * PITCH + d * 16);
                #pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply<X>(s[m][2 * n], a[m], tiles[0], tiles[1]);
                    multiply<X>(s[m][2 * n + 1], a[m], tiles[2], tiles[3]);
                }
            }
        }
        if (D % 16 == 0) return;
        query(a, D / 16);
        #pragma unroll
        for (int n = 0; n < KEYS / 32; n++) {
            loadTiles(tiles, keys + (n * 32 + lane) * PITCH + D - 8);
            #pragma unroll
            for (int j = 0; j < 4; j++)
                #pragma unroll
                for (int m = 0; m < M; m++) multiplyHalf<X>(s[m][4 * n + j], a[m][0], a[m][1], tiles[j]);
        }
    }
};

/** 16 M queries of a warp; a lane has rows lane / 4 and lane / 4 + 8 of each 16. */
template <int M> struct Softmax {
    float sum[M][PACKS][4], top[M][2], total[M][2];
    int from, to, wholeFrom, wholeTo; // what some query sees, and what all see

    __device__ __forceinline__ void begin(const int* mask, int queries, const Span& span, int line) {
        from = span.to;
        to = 0;
        wholeFrom = 0;
        wholeTo = span.to;
        const int lane = threadIdx.x % 32;
        if (line < span.count) {
            for (int i = lane; i < 16 * M; i += 32) {
                const int mine = span.first + min(line + i, span.count - 1), low = mask[mine], high = mask[queries + mine];
                from = min(from, low);
                to = max(to, high);
                wholeFrom = max(wholeFrom, low);
                wholeTo = min(wholeTo, high);
            }
            #pragma unroll
            for (int d = 16; d; d >>= 1) {
                from = min(from, __shfl_xor_sync(ALL, from, d));
                to = max(to, __shfl_xor_sync(ALL, to, d));
                wholeFrom = max(wholeFrom, __shfl_xor_sync(ALL, wholeFrom, d));
                wholeTo = min(wholeTo, __shfl_xor_sync(ALL, wholeTo, d));
            }
        }
        #pragma unroll
        for (int m = 0; m < M; m++) {
            #pragma unroll
            for (int i = 0; i < 2; i++) {
                top[m][i] = -INFINITY;
                total[m][i] = 0;
            }
            #pragma unroll
            for (int d = 0; d < PACKS; d++)
                #pragma unroll
                for (int c = 0; c < 4; c++) sum[m][d][c] = 0;
        }
    }

    __device__ __forceinline__ bool sees(int position) const { return from < position + KEYS && to > position; }
    __device__ __forceinline__ bool seesAll(int position) const { return wholeFrom <= position && wholeTo >= position + KEYS; }

    /** Takes out of a tile what queries do not see. */
    __device__ __forceinline__ void hide(float (&s)[M][KEYS / 8][4], const int* mask, int queries, const Span& span, int line,
                                         int position0) const {
        const int lane = threadIdx.x % 32;
        #pragma unroll
        for (int m = 0; m < M; m++)
            #pragma unroll
            for (int i = 0; i < 2; i++) {
                const int mine = span.first + min(line + m * 16 + lane / 4 + 8 * i, span.count - 1);
                const int low = mask[mine] - position0, high = mask[queries + mine] - position0;
                #pragma unroll
                for (int n = 0; n < KEYS / 8; n++)
                    #pragma unroll
                    for (int c = 0; c < 2; c++) {
                        const int key = n * 8 + lane % 4 * 2 + c;
                        if (key < low || key >= high) s[m][n][2 * i + c] = -INFINITY;
                    }
            }
    }

    /** Brings sums so far to the new greatest score; base gets what to add to scaled scores. */
    __device__ __forceinline__ void raise(const float (&s)[M][KEYS / 8][4], float (&base)[M][2], float scale) {
        float now[M][2];
        bool higher = false;
        #pragma unroll
        for (int m = 0; m < M; m++)
            #pragma unroll
            for (int i = 0; i < 2; i++) {
                float x = top[m][i];
                #pragma unroll
                for (int n = 0; n < KEYS / 8; n++) x = fmaxf(x, fmaxf(s[m][n][2 * i], s[m][n][2 * i + 1]));
                x = fmaxf(x, __shfl_xor_sync(ALL, x, 1));
                x = fmaxf(x, __shfl_xor_sync(ALL, x, 2));
                now[m][i] = x;
                higher = higher || x != top[m][i];
                base[m][i] = bias<X>() - (x == -INFINITY ? 0.f : x * scale);
            }
        if (!__any_sync(ALL, higher)) return;
        #pragma unroll
        for (int m = 0; m < M; m++)
            #pragma unroll
            for (int i = 0; i < 2; i++) {
                const float shrink = now[m][i] == top[m][i] ? 1.f : exp2Fast((top[m][i] - now[m][i]) * scale);
                top[m][i] = now[m][i];
                total[m][i] *= shrink;
                #pragma unroll
                for (int d = 0; d < PACKS; d++)
                    #pragma unroll
                    for (int c = 0; c < 2; c++) sum[m][d][2 * i + c] *= shrink;
            }
    }

    /** Weights of 16 keys, as their sum of two numbers each. */
    __device__ __forceinline__ void weigh(const float (&s)[KEYS / 8][4], int m, int n, const float (&base)[2], float scale,
                                          u32 (&high)[4], u32 (&low)[4]) {
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const float x = exp2Fast(fmaf(s[2 * n + i / 2][i % 2 * 2], scale, base[i % 2]));
            const float y = exp2Fast(fmaf(s[2 * n + i / 2][i % 2 * 2 + 1], scale, base[i % 2]));
            total[m][i % 2] += x + y;
            float a, c;
            high[i] = pair<X>(x, y);
            widenPair<X>(high[i], a, c);
            low[i] = pair<X>(x - a, y - c);
        }
    }

    template <int N>
    __device__ __forceinline__ void add(int d, const u32 (&weight)[M][4], const u32* tiles) {
        #pragma unroll
        for (int m = 0; m < M; m++)
            #pragma unroll
            for (int j = 0; j < N; j++) multiply<X>(sum[m][d + j], weight[m], tiles[2 * j], tiles[2 * j + 1]);
    }

    /** Adds the values of a tile by the weights of its scores. */
    __device__ __forceinline__ void addValues(const float (&s)[M][KEYS / 8][4], const X* values, float scale) {
        float base[M][2];
        raise(s, base, scale);
        const int lane = threadIdx.x % 32;
        const X* b = values + lane % 16 * PITCH + lane / 16 * 8;
        u32 tiles[4], last[4];
        #pragma unroll
        for (int n = 0; n < KEYS / 16; n++) {
            u32 high[M][4], low[M][4];
            #pragma unroll
            for (int m = 0; m < M; m++) weigh(s[m], m, n, base[m], scale, high[m], low[m]);
            #pragma unroll
            for (int d = 0; d < D / 16; d++) {
                loadTurnedTiles(tiles, b + n * 16 * PITCH + d * 16);
                add<2>(2 * d, high, tiles);
                add<2>(2 * d, low, tiles);
            }
            if (D % 16 == 0) continue;
            if (n % 2 == 0) loadTurnedTiles(last, values + (n * 16 + lane) * PITCH + D - 8);
            add<1>(PACKS - 1, high, last + n % 2 * 2);
            add<1>(PACKS - 1, low, last + n % 2 * 2);
        }
    }

    /** Writes to rows of (T, H, D) of one head. */
    __device__ __forceinline__ void finish(X* out, i64 stride, int line, int count, int width) {
        const int lane = threadIdx.x % 32;
        #pragma unroll
        for (int m = 0; m < M; m++)
            #pragma unroll
            for (int i = 0; i < 2; i++) {
                float whole = total[m][i];
                whole += __shfl_xor_sync(ALL, whole, 1);
                whole += __shfl_xor_sync(ALL, whole, 2);
                const float factor = 1.f / whole;
                const int mine = line + m * 16 + lane / 4 + 8 * i;
                X* to = out + mine * stride;
                #pragma unroll
                for (int n = 0; n < PACKS; n++) {
                    const int d = n * 8 + lane % 4 * 2;
                    const float a = sum[m][n][2 * i] * factor, b = sum[m][n][2 * i + 1] * factor;
                    if (mine >= count || d >= width) continue;
                    if (width % 2 == 0) *(u32*) (to + d) = pair<X>(a, b);
                    else {
                        to[d] = narrow<X>(a);
                        if (d + 1 < width) to[d + 1] = narrow<X>(b);
                    }
                }
            }
    }
};

template <int W, int M>
DEVICE void attend(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, const int* mask, int capacity, X* out,
                   const Span* spans, int queries, int groups, int width, float scale) {
    extern __shared__ __align__(16) u16 memory[];
    const int THREADS = 32 * W, COUNT = 16 * W * M, TILE = KEYS * PITCH;
    X* tiles = (X*) memory;
    const Span span = spans[gridDim.x - 1 - blockIdx.x]; // the last first: where all see what stands before, they see most
    const int head = blockIdx.y, heads = gridDim.y, group = head / (heads / groups);
    const int line = threadIdx.x / 32 * 16 * M; // of the warp
    const int* rows = capacity == 0 ? nullptr : mask + 3 * (i64) queries + (i64) span.sequence * capacity;
    const Source<THREADS> kept = {Rows(k, kStride, group, width), Rows(v, vStride, group, width), rows, span.from, span.to, width};
    // Sums of wide heads leave few registers: where keys and values lie is worked out again for each of their tiles.
    const auto source = [&]() -> Source<THREADS> {
        if (STAGES > 1) return kept;
        int again = group;
        asm volatile("" : "+r"(again));
        return {Rows(k, kStride, again, width), Rows(v, vStride, again, width), rows, span.from, span.to, width};
    };

    // Queries lie behind the tiles; where they move to registers, where the second tiles will be.
    Scores<M> scores;
    X* queryTile = tiles + (Scores<M>::HELD ? 2 * TILE : 2 * STAGES * TILE);
    const int query = span.first + min((int) threadIdx.x / (THREADS / COUNT), span.count - 1);
    fetch<COUNT, THREADS>(queryTile, Rows(q, qStride, head, width), query, width);
    commitCopies();
    int position = span.from / KEYS * KEYS;
    if (STAGES > 1) source().fetchBoth(tiles, position);
    else source().fetchKeys(tiles, position);
    commitCopies();
    Softmax<M> softmax;
    softmax.begin(mask, queries, span, line);
    scores.rows = queryTile + line * PITCH;
    awaitCopies<1>();
    __syncthreads();
    scores.begin();

    for (int stage = 0; position < span.to; position += KEYS) {
        const bool more = position + KEYS < span.to, sees = softmax.sees(position);
        X* tile = tiles + stage * 2 * TILE;
        awaitCopies<0>();
        __syncthreads();
        if (STAGES > 1) {
            stage ^= 1;
            if (more) source().fetchBoth(tiles + stage * 2 * TILE, position + KEYS);
        } else source().fetchValues(tile + TILE, position);
        commitCopies();
        float s[M][KEYS / 8][4] = {};
        if (sees) scores.add(s, tile);
        if (STAGES == 1) {
            awaitCopies<0>();
            __syncthreads();
            if (more) source().fetchKeys(tile, position + KEYS);
            commitCopies();
        }
        if (!sees) continue;
        if (STAGES == 1 || !softmax.seesAll(position)) softmax.hide(s, mask, queries, span, line, position);
        softmax.addValues(s, tile + TILE, scale);
    }
    softmax.finish(out + ((i64) span.first * heads + head) * width, (i64) heads * width, line, span.count, width);
}

#define FLASH(queries_, warps_, m_) \
    KERNEL(32 * (warps_), 8 / (warps_)) flash_##queries_(const X* q, i64 qStride, const X* k, i64 kStride, const X* v, i64 vStride, \
        const int* mask, int capacity, X* out, const Span* spans, int queries, int groups, int width, float scale) { \
        attend<warps_, m_>(q, qStride, k, kStride, v, vStride, mask, capacity, out, spans, queries, groups, width, scale); \
    }

// q (T, H, D), k and v (S, G, D), out (T, H, D); a block for each span and head. The scale is for powers of two, and positive.
FLASH(64, 4, 1) FLASH(128, WARPS, MOST)
