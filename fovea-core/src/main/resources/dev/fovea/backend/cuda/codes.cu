// Products of at most ROWS rows, 8 or 16, with a matrix (N, K) in codes of BITS bits, as tensor.QuantizedMatrix has them. X: rows;
// SCALES: u8 or f32. Codes are read as they lie, and tensor cores multiply.
//
// An output is a row of the cores' left operand, a row of x a column of the right one: all rows together cost about what one does,
// and none touches the bits of another. A lane reads eight columns of neighbouring outputs, by one load or two. A block of 32
// columns is summed apart, with whole codes, and then scaled; eight warps take the blocks of K in turn, and their sums come
// together in their order. So the bits of a row depend on K alone.

DEPENDENT

const int WARPS = 8, TILE = 16, BLOCK = 32;
const int CHUNK_BYTES = TILE * 4;                  // a word for each output of a tile: its codes of neighbouring columns
const int BLOCK_BYTES = BLOCK * BITS / 32 * CHUNK_BYTES;
const int WORDS = BITS / 4;                        // of eight columns
const int LOADS = sizeof(X) == 4 || (BITS == 8 && sizeof(SCALES) == 4) ? 2 : 4; // blocks of a warp on their way: as registers allow

// ---- x

/** What tensor cores multiply. A float32 number is the sum of three bfloat16 ones. */
template <class T> struct Core {
    typedef T Type;
    static const int TERMS = 1;
};
template <> struct Core<f32> {
    typedef bf16 Type;
    static const int TERMS = 3;
};
typedef Core<X>::Type H;
const int TERMS = Core<X>::TERMS;

/** Eight columns of a row of x, in the order in which codes come: two pairs for each of two products. */
struct Columns {
    u32 pairs[TERMS][4];
};

DEVICE u32 lows(u32 a, u32 b) { return __byte_perm(a, b, 0x5410); }
DEVICE u32 highs(u32 a, u32 b) { return __byte_perm(a, b, 0x7632); }

template <class T> DEVICE void columns(Columns& to, const T* x, int n, bool aligned) {
    const Pack<T> pack = loadSome(x, n, aligned && n >= 8);
    const uint4 w = *(const uint4*) &pack;
    to.pairs[0][0] = BITS == 4 ? lows(w.x, w.y) : w.x;
    to.pairs[0][1] = BITS == 4 ? lows(w.z, w.w) : w.y;
    to.pairs[0][2] = BITS == 4 ? highs(w.x, w.y) : w.z;
    to.pairs[0][3] = BITS == 4 ? highs(w.z, w.w) : w.w;
}
template <> __device__ __forceinline__ void columns<f32>(Columns& to, const f32* x, int n, bool aligned) {
    float v[8];
    widen(loadSome(x, n, aligned && n >= 4), v);
    widen(loadSome(x + 4, n - 4, aligned && n >= 8), v + 4);
    #pragma unroll
    for (int term = 0; term < TERMS; term++) {
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int a = BITS == 4 ? i % 2 * 4 + i / 2 : 2 * i;
            to.pairs[term][i] = highs(__float_as_uint(v[a]), __float_as_uint(v[a + (BITS == 4 ? 2 : 1)]));
        }
        #pragma unroll
        for (int i = 0; i < 8; i++) v[i] -= __uint_as_float(__float_as_uint(v[i]) & 0xffff0000u);
    }
}

// ---- codes

/** Neighbours. */
template <class T, int N> struct __align__(N * sizeof(T)) Some {
    T at[N];
};
template <int N> DEVICE Some<u32, N> stream(const void* from);
template <> __device__ __forceinline__ Some<u32, 2> stream<2>(const void* from) {
    const uint2 v = __ldcs((const uint2*) from);
    return {{v.x, v.y}};
}
template <> __device__ __forceinline__ Some<u32, 4> stream<4>(const void* from) {
    const uint4 v = __ldcs((const uint4*) from);
    return {{v.x, v.y, v.z, v.w}};
}

/** So many bytes in one word. */
template <int N> DEVICE u32 bytes(const u8* from) { return N == 4 ? *(const u32*) from : *(const u16*) from; }

/** 2^23 and a byte of a word: its bits are the last of such a number. */
DEVICE float above(u32 word, int byte) { return __uint_as_float(__byte_perm(word, 0x4b000000u, 0x7440 + byte)); }

/** Scales of neighbouring outputs. */
template <class S, int N> struct Scales {
    Some<S, N> values;
    __device__ __forceinline__ void load(const S* from) { values = *(const Some<S, N>*) from; }
    __device__ __forceinline__ float of(int i) const { return values.at[i]; }
};
template <int N> struct Scales<u8, N> {
    u32 word;
    __device__ __forceinline__ void load(const u8* from) { word = bytes<N>(from); }
    __device__ __forceinline__ float of(int i) const { return above(word, i) - 8388608.f; }
};

/** What a lane reads of a matrix: the same columns of each block, of neighbouring outputs. */
struct Lane {
    const u8* codes; // of the first block
    const SCALES* scales;
    const u8* zeros;
    int group;
};

/** Of one block. */
template <int N> struct Part {
    Some<u32, N> codes[WORDS];
    Scales<SCALES, N> scales;
    u32 zeros;
};

template <int N> DEVICE void load(Part<N>& to, const Lane& lane, int block) {
    #pragma unroll
    for (int i = 0; i < WORDS; i++) to.codes[i] = stream<N>(lane.codes + (i64) block * BLOCK_BYTES + i * CHUNK_BYTES);
    const int at = block * BLOCK / lane.group * TILE;
    to.scales.load(lane.scales + at);
    if (BITS == 4) to.zeros = bytes<N>(lane.zeros + at);
}

/** Pairs of codes of 4 bits: their bits beside those of 16 make numbers of 16 and a code. */
DEVICE u32 fours(u32 word, int place) {
    const bool half = Same<H, f16>::as;
    const int shift = (half ? 6 : 3) - 4 * place;
    const u32 mask = half ? 0x03c003c0u : 0x00780078u, sixteen = half ? 0x4c004c00u : 0x41804180u;
    return ((shift > 0 ? word << shift : word >> -shift) & mask) | sixteen;
}

/** A pair of codes of 8 bits. */
DEVICE u32 eights(u32 word, int byte) {
    const u32 positive = word ^ 0x80808080u;
    return pair<H>(above(positive, byte) - 8388736.f, above(positive, byte + 1) - 8388736.f);
}

/** The left operand of one of a block's two products: of outputs o and o + 1. */
template <int N> DEVICE void operand(u32 (&a)[4], const Part<N>& part, int o, int product) {
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        if (BITS == 4) a[i] = fours(part.codes[0].at[o + i % 2], 2 * product + i / 2);
        else a[i] = eights(part.codes[WORDS - 1 & product].at[o + i % 2], i / 2 * 2);
    }
}

/** Zero points, and the 16 that goes with codes: an eighth is the last bit of numbers from 2^20 on. */
DEVICE float zero(u32 word, int byte) { return __uint_as_float(__byte_perm(word, 0x49800000u, 0x7640 + byte)) - 1048560.f; }

/** A block's products, for eight rows of x. */
template <int N> DEVICE void add(float (&sum)[N / 2][4], const Part<N>& part, const Columns& x) {
    const u32 one = Same<H, f16>::as ? 0x3c003c00u : 0x3f803f80u;
    const u32 ones[4] = {one, one, one, one};
    float total[4] = {}, products[N / 2][4] = {}; // of x; of codes and x
    #pragma unroll
    for (int product = 0; product < 2; product++)
        #pragma unroll
        for (int term = 0; term < TERMS; term++) {
            const u32 low = x.pairs[term][2 * product], high = x.pairs[term][2 * product + 1];
            if (BITS == 4) multiply<H>(total, ones, low, high);
            #pragma unroll
            for (int o = 0; o < N / 2; o++) {
                u32 a[4];
                operand(a, part, 2 * o, product);
                multiply<H>(products[o], a, low, high);
            }
        }
    #pragma unroll
    for (int o = 0; o < N / 2; o++)
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int at = 2 * o + i / 2;
            const float p = BITS == 4 ? fmaf(-zero(part.zeros, at), total[i % 2], products[o][i]) : products[o][i];
            sum[o][i] = fmaf(part.scales.of(at), p, sum[o][i]);
        }
}

// ---- matrices

/** A matrix (n, K), and what becomes of the products. */
struct Matrix {
    const u8* codes;
    const SCALES* scales;
    const u8* zeros;
    const f32* factors;
    const void* bias;
    X* out;     // (rows, n)
    X* further; // (rows, n), f of out; null where there is none
    int n, biasType, f;
    float factor;
    int group;
};

/** Rows (rows, K), and the matrices one after another. */
struct Products {
    const X* x;
    i64 stride;
    int rows, k, count, early; // early: nothing that is launched with this writes the weights
    Matrix matrices[3];
};

/** What a lane reads of a tile: N outputs from the first on. */
DEVICE Lane laneOf(const Matrix& m, int k, int tile, int first) {
    const int blocks = (k + BLOCK - 1) / BLOCK, groups = (k + m.group - 1) / m.group;
    tile = min(tile, (m.n + TILE - 1) / TILE - 1);
    const int at = tile * groups * TILE + first;
    return {m.codes + (i64) tile * blocks * BLOCK_BYTES + threadIdx.x % 4 * WORDS * CHUNK_BYTES + first * 4, m.scales + at, m.zeros + at,
            m.group};
}

/** The sums of 8 N outputs, N of each four lanes, by warps. */
template <int N> DEVICE void sums(float (&parts)[WARPS][ROWS][8 * N], const Products& p, const Lane& from) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, blocks = (p.k + BLOCK - 1) / BLOCK;
    const bool aligned = packs(p.x, p.stride);
    const X* x[ROWS / 8];
    #pragma unroll
    for (int r = 0; r < ROWS / 8; r++) x[r] = p.x + min(8 * r + lane / 4, p.rows - 1) * p.stride;
    float sum[ROWS / 8][N / 2][4] = {};
    Part<N> next[LOADS];
    if (!p.early) awaitPrevious();
    #pragma unroll
    for (int u = 0; u < LOADS; u++)
        if (warp + u * WARPS < blocks) load(next[u], from, warp + u * WARPS);
    awaitPrevious();
    for (int first = warp; first < blocks; first += LOADS * WARPS)
        #pragma unroll
        for (int u = 0; u < LOADS; u++) {
            const int block = first + u * WARPS, column = block * BLOCK + lane % 4 * 8;
            if (block >= blocks) break;
            const Part<N> part = next[u];
            if (block + LOADS * WARPS < blocks) load(next[u], from, block + LOADS * WARPS);
            #pragma unroll
            for (int r = 0; r < ROWS / 8; r++) {
                Columns columnsOf;
                columns(columnsOf, x[r] + column, p.k - column, aligned);
                add<N>(sum[r], part, columnsOf);
            }
        }
    #pragma unroll
    for (int r = 0; r < ROWS / 8; r++)
        #pragma unroll
        for (int o = 0; o < N / 2; o++)
            #pragma unroll
            for (int i = 0; i < 4; i++) parts[warp][8 * r + lane % 4 * 2 + i % 2][lane / 4 * N + 2 * o + i / 2] = sum[r][o][i];
    __syncthreads();
}

/** The sum over warps, scaled and rounded. */
template <int N> DEVICE X finished(const float (&parts)[WARPS][ROWS][N], const Matrix& m, int row, int at, int output) {
    float total = 0;
    #pragma unroll
    for (int warp = 0; warp < WARPS; warp++) total += parts[warp][row][at];
    return narrow<X>(fmaf(total, m.factors[output], element(m.bias, m.biasType, output)));
}

/** A block has TILES neighbouring tiles of a matrix. */
template <int TILES> DEVICE void few(const Products& p) {
    const int N = 2 * TILES, WIDTH = TILES * TILE;
    __shared__ float parts[WARPS][ROWS][WIDTH];
    admitNext();
    int block = blockIdx.x, which = 0;
    #pragma unroll
    for (int i = 1; i < 3; i++) {
        const int before = (p.matrices[i - 1].n + WIDTH - 1) / WIDTH;
        if (i >= p.count || block < before) break;
        block -= before;
        which = i;
    }
    const Matrix m = which == 0 ? p.matrices[0] : which == 1 ? p.matrices[1] : p.matrices[2];
    const int place = threadIdx.x % 32 / 4 * N; // of the lane's first output
    sums<N>(parts, p, laneOf(m, p.k, block * TILES + place / TILE, place % TILE));
    for (int i = threadIdx.x; i < p.rows * WIDTH; i += 32 * WARPS) {
        const int row = i / WIDTH, output = block * WIDTH + i % WIDTH;
        if (output >= m.n) continue;
        const i64 at = (i64) row * m.n + output;
        const X y = finished<WIDTH>(parts, m, row, i % WIDTH, output);
        m.out[at] = y;
        if (m.further) m.further[at] = narrow<X>(apply(m.f, widen(y), m.factor));
    }
}

/** A tile of the gate, the first matrix, and one of what it gates, the second: its further are f(gate) times the second's out. */
DEVICE void gated(const Products& p) {
    __shared__ float parts[WARPS][ROWS][2 * TILE];
    admitNext();
    const Matrix &gate = p.matrices[0], &up = p.matrices[1];
    const int place = threadIdx.x % 32 / 4 * 4;
    sums<4>(parts, p, laneOf(place < TILE ? gate : up, p.k, blockIdx.x, place % TILE));
    for (int i = threadIdx.x; i < p.rows * TILE; i += 32 * WARPS) {
        const int row = i / TILE, output = blockIdx.x * TILE + i % TILE;
        if (output >= gate.n) continue;
        const i64 at = (i64) row * gate.n + output;
        const X g = finished<2 * TILE>(parts, gate, row, i % TILE, output);
        const X u = finished<2 * TILE>(parts, up, row, TILE + i % TILE, output);
        gate.out[at] = g;
        up.out[at] = u;
        gate.further[at] = narrow<X>(rounded<X>(apply(gate.f, widen(g), 1.f)) * widen(u));
    }
}

KERNEL(256, 2) codes_one(const __grid_constant__ Products p) { few<1>(p); }
KERNEL(256, 2) codes_two(const __grid_constant__ Products p) { few<2>(p); }
KERNEL(256, 2) codes_gated(const __grid_constant__ Products p) { gated(p); }
