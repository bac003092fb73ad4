// Products of one row that is a sum and its norm, and that every block makes for itself, in shared memory, while its first weights come. X:
// rows, weights and sums; NORM: the kind of norm. A block takes outputs as long as there are any. All that is between is written
// too, by the first block.

#define ROWS 1
#include "vectors.cu"
#include "products.cu"

DEPENDENT

/** A block whose threads hold all of a row. */
struct Held : Block {
    static const int VALUES = 16;
    static const bool WHOLE = true;
    static __device__ __forceinline__ bool writes() { return blockIdx.x == 0; }
};

extern __shared__ __align__(16) X row[];

DEVICE void makeRow(const Sum& from, const Normed& to, int width) {
    if (Same<NORM, RmsPlusOne>::as) __builtin_assume(from.before != nullptr);
    else __builtin_assume(from.before == nullptr);
    const Vector<Held, X> y = sumNorm<Held, NORM>(from, to, 0, width);
    if (to.again && Held::writes()) y.put(to.again);
    y.put(row);
    __syncthreads();
}

/** Has weights brought from memory to where all multiprocessors share them, which takes no registers. */
DEVICE void fetch(const W* from, i64 count) {
#if __CUDA_ARCH__ >= 900 // else this begins when there is nothing to wait for
    const int LINE = 128, MOST = 512; // bytes; lines of a block
    const i64 lines = min(count * (i64) sizeof(W) / LINE, (i64) MOST);
    for (int i = threadIdx.x; i < lines; i += 256) asm volatile("prefetch.global.L2 [%0];" ::"l"((const char*) from + i * LINE));
#endif
}

DEVICE void fetchFew(const Products& p, int each) {
    int block = blockIdx.x, n;
    const W* w;
    find(p, each, block, n, w);
    fetch(w + (i64) block * each * p.k, (i64) min(each, n - block * each) * p.k);
}

DEVICE void fetchGated(const Products& p, int each) {
    const i64 first = (i64) blockIdx.x * each * p.k, count = (i64) min(each, p.matrices[0].n - blockIdx.x * each) * p.k;
    fetch(p.matrices[0].w + first, count);
    fetch(p.matrices[1].w + first, count);
}

#define OF(name, warps, outputs, loads, least, function, fetchFirst) \
    KERNEL(256, least) name(const __grid_constant__ Products p, const __grid_constant__ Sum from, \
                           const __grid_constant__ Normed to, int all) { \
        admitNext(); \
        if (p.early) fetchFirst(p, 8 / warps * outputs); \
        awaitPrevious(); \
        makeRow(from, to, p.k); \
        for (int block = blockIdx.x; block < all; block += gridDim.x) { \
            function<warps, outputs, loads>(p, row, block, There()); \
            if (warps == 1) __syncwarp(); /* the sums have been read */ \
            else __syncthreads(); \
        } \
    }
#define FEW(name, warps, outputs, loads) OF(name, warps, outputs, loads, 3, few, fetchFew)
#define GATED(name, warps, outputs, loads) OF(name, warps, outputs, loads, (Same<NORM, Layer>::as ? 2 : 3), gated, fetchGated)

TALL(FEW)
#if __CUDA_ARCH__ >= 900
SMALL(FEW)
#else
FEW(few_small, 1, 1, fitting(4)) // what 80 registers have room for
#endif
LONG(FEW)
TALL_GATED(GATED)
LONG_GATED(GATED)
