// Products of rows that are there.

#include "products.cu"

DEPENDENT

// The assembler, left to itself, spills a few registers to have one block more, but for a single row.
#if ROWS == 1
#define BOUNDS 256
#define GATED_BOUNDS 256, (__CUDA_ARCH__ == 900 && sizeof(X) == 2 ? 4 : 2)
#else
#define BOUNDS 256, 1
#define GATED_BOUNDS 256, 1
#endif

#define FEW(name, warps, outputs, loads) \
    KERNEL(BOUNDS) name(const __grid_constant__ Products p) { \
        admitNext(); \
        few<warps, outputs, loads>(p, p.x, blockIdx.x, Await()); \
    }
#define GATED(name, warps, each, loads) \
    KERNEL(GATED_BOUNDS) name(const __grid_constant__ Products p) { \
        admitNext(); \
        gated<warps, each, loads>(p, p.x, blockIdx.x, Await()); \
    }

TALL(FEW)
TALL_GATED(GATED)
LONG(FEW)
LONG_GATED(GATED)
#if ROWS == 1
SMALL(FEW)
#endif
