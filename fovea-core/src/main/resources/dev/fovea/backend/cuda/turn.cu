// A copy whose innermost axes differ, by tiles through shared memory. X: what is read; W: what is written.

/** An axis of a view: its extent, and the distances of its elements in x and in out. */
struct Axis {
    int extent;
    i64 from, to;
};

const int SIDE = 32; // of a tile
const int STEP = 256 / SIDE; // its lines that a block reads at once

/**
 * Tiles are of the axis along which x is read and of the one along which out is written, so that both lie densely. A block for
 * each tile and each element of the two other axes.
 */
KERNEL(256) turn(Axis read, Axis written, Axis a, Axis b, const X* x, W* out) {
    __shared__ X tile[SIDE][SIDE + 2];
    const X* from = x + blockIdx.z / b.extent * a.from + blockIdx.z % b.extent * b.from;
    W* to = out + blockIdx.z / b.extent * a.to + blockIdx.z % b.extent * b.to;
    const int across = threadIdx.x % SIDE, down = threadIdx.x / SIDE;
    const i64 read0 = (i64) blockIdx.y * SIDE, written0 = (i64) blockIdx.x * SIDE;
    #pragma unroll
    for (int line = down; line < SIDE; line += STEP)
        if (read0 + across < read.extent && written0 + line < written.extent)
            tile[line][across] = from[read0 + across + (written0 + line) * written.from];
    __syncthreads();
    #pragma unroll
    for (int line = down; line < SIDE; line += STEP)
        if (written0 + across < written.extent && read0 + line < read.extent)
            to[written0 + across + (read0 + line) * read.to] = narrow<W>(widen(tile[across][line]));
}
