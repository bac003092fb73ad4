// The values of a matrix (N, K) in codes of BITS bits, as tensor.QuantizedMatrix has them, each rounded once more. X: what is written;
// SCALES: u8 or f32.

DEPENDENT

const int TILE = 16, BLOCK = 32, COLUMNS = 32 / BITS; // COLUMNS have their codes in a word

DEVICE float number(u8 x) { return x; }
DEVICE float number(f32 x) { return x; }

/** A code, as a number. */
DEVICE float code(u32 word, int column) {
    if (BITS == 8) return (float) ((int) (word << (24 - 8 * column)) >> 24);
    return (float) (word >> (column < 4 ? 8 * column : 8 * column - 28) & 15);
}

/** A thread has a block of 32 columns of an output; its neighbours are those of a tile. n, k: of the matrix. */
KERNEL(256) widen(const u32* codes, const SCALES* scales, const u8* zeros, const f32* factors, X* out, int n, int k, int group) {
    begin();
    const int blocks = (k + BLOCK - 1) / BLOCK;
    const i64 i = (i64) blockIdx.x * 256 + threadIdx.x, tile = i / TILE / blocks;
    const int block = i / TILE % blocks, lane = i % TILE;
    const i64 row = tile * TILE + lane;
    if (row >= n) return;
    const i64 at = (tile * ((k + group - 1) / group) + block * BLOCK / group) * TILE + lane;
    const float scale = factors[row] * number(scales[at]), zero = BITS == 4 ? number(zeros[at]) * 0.125f : 0.f;
    X* to = out + row * k + block * BLOCK;
    const int columns = min(BLOCK, k - block * BLOCK);
    const bool whole = columns == BLOCK && packs(out, k);
    Pack<X> pack;
    #pragma unroll
    for (int word = 0; word < BLOCK / COLUMNS; word++) {
        const u32 some = codes[((tile * blocks + block) * (BLOCK / COLUMNS) + word) * TILE + lane];
        #pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            const int column = word * COLUMNS + c, place = column % Pack<X>::N;
            const X value = narrow<X>(scale * (code(some, c) - zero));
            pack.at[place] = value;
            if (!whole && column < columns) to[column] = value;
            if (whole && place == Pack<X>::N - 1) storePack(to + column - place, pack);
        }
    }
}
