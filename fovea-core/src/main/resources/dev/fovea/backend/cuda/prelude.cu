// Put in front of every source: types, conversions, sums. Needs no header; compiled with --fmad=false, so that a product and a
// sum are rounded apart unless the source says fmaf.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

typedef float f32;
struct bf16 { u16 bits; };
struct f16 { u16 bits; };

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define DEVICE static __device__ __forceinline__
#define KERNEL(...) extern "C" __global__ void __launch_bounds__(__VA_ARGS__)

// ---- beginning before the kernel before has ended (programmatic dependent launch, compute capability 9.0)

// A source says DEPENDENT where each of its kernels, whatever its thread does, awaits the kernel before: before it reads or writes
// anything but weights. Those that launch look for the variable.
#if __CUDA_ARCH__ >= 900
#define DEPENDENT extern "C" __device__ int dependent = 1;
/** The kernel behind may begin, and wait in its turn. */
DEVICE void admitNext() { asm volatile("griddepcontrol.launch_dependents;"); }
/** All that was launched before has ended, and its writes are seen. */
DEVICE void awaitPrevious() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
#else
#define DEPENDENT
DEVICE void admitNext() {}
DEVICE void awaitPrevious() {}
#endif

/** How a kernel of a dependent source begins. */
DEVICE void begin() {
    admitNext();
    awaitPrevious();
}

// ---- one value: storage to float32 and back, round to nearest even

DEVICE float widen(f32 x) { return x; }
DEVICE float widen(bf16 x) { return __uint_as_float((u32) x.bits << 16); }
DEVICE float widen(f16 x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}

template <class T> struct Narrow;
template <> struct Narrow<f32> {
    static __device__ __forceinline__ f32 of(float x) { return x; }
};
template <> struct Narrow<bf16> {
    static __device__ __forceinline__ bf16 of(float x) {
        u32 pair;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(0.f), "f"(x));
        return {(u16) pair};
    }
};
template <> struct Narrow<f16> {
    static __device__ __forceinline__ f16 of(float x) {
        u16 bits;
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
        return {bits};
    }
};
template <class T> DEVICE T narrow(float x) { return Narrow<T>::of(x); }

/** What storing a value leaves of it. */
template <class T> DEVICE float rounded(float x) { return widen(narrow<T>(x)); }

// ---- sixteen bytes of values at once; the address is a multiple of 16

template <class T> struct __align__(16) Pack {
    static const int N = 16 / sizeof(T);
    T at[N];
};

/** Whether an address and a distance in elements allow packs. */
template <class T> DEVICE bool packs(const T* p, i64 stride) {
    return ((u64) p & 15) == 0 && stride % Pack<T>::N == 0;
}
template <class T> DEVICE Pack<T> loadPack(const T* p) { 
    Pack<T> x;
    *(uint4*) &x = *(const uint4*) p;
    return x;
}
template <class T> DEVICE void storePack(T* p, const Pack<T>& x) { *(uint4*) p = *(const uint4*) &x; }

// ---- sums and maxima in one fixed order

#define ALL 0xffffffffu

/** The same in all lanes. */
DEVICE float warpSum(float x) {
    for (int d = 16; d; d >>= 1) x += __shfl_xor_sync(ALL, x, d);
    return x;
}
DEVICE float warpMax(float x) {
    for (int d = 16; d; d >>= 1) x = fmaxf(x, __shfl_xor_sync(ALL, x, d));
    return x;
}

/** The same in all threads of a block of N; may be used again at once. */
template <int N> DEVICE float blockSum(float x) {
    __shared__ float part[N / 32];
    x = warpSum(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = x;
    __syncthreads();
    x = 0;
    for (int i = 0; i < N / 32; i++) x += part[i];
    return x;
}

/** Two 16-bit values that lie in one word, the first in its low half. */
template <class T> DEVICE void widenPair(u32 both, float& low, float& high);
template <> __device__ __forceinline__ void widenPair<bf16>(u32 both, float& low, float& high) {
    low = __uint_as_float(both << 16);
    high = __uint_as_float(both & 0xffff0000u);
}
template <> __device__ __forceinline__ void widenPair<f16>(u32 both, float& low, float& high) {
    asm("{ .reg .b16 a, b; mov.b32 {a, b}, %2; cvt.f32.f16 %0, a; cvt.f32.f16 %1, b; }" : "=f"(low), "=f"(high) : "r"(both));
}
template <class T> DEVICE u32 pair(float low, float high);
template <> __device__ __forceinline__ u32 pair<bf16>(float low, float high) {
    u32 both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}
template <> __device__ __forceinline__ u32 pair<f16>(float low, float high) {
    u32 both;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}
template <class T> DEVICE void widenPairs(const Pack<T>& x, float* y) {
    const uint4 words = *(const uint4*) &x;
    widenPair<T>(words.x, y[0], y[1]);
    widenPair<T>(words.y, y[2], y[3]);
    widenPair<T>(words.z, y[4], y[5]);
    widenPair<T>(words.w, y[6], y[7]);
}

/** The values of a pack. */
DEVICE void widen(const Pack<f32>& x, float* y) {
    #pragma unroll
    for (int i = 0; i < 4; i++) y[i] = x.at[i];
}
DEVICE void widen(const Pack<bf16>& x, float* y) { widenPairs<bf16>(x, y); }
DEVICE void widen(const Pack<f16>& x, float* y) { widenPairs<f16>(x, y); }

/** The first n values from p on, zeros behind them; by one load where the address allows and n is a whole pack. */
template <class T> DEVICE Pack<T> loadSome(const T* p, int n, bool whole) {
    if (whole) return loadPack(p);
    Pack<T> x;
    #pragma unroll
    for (int i = 0; i < Pack<T>::N; i++) x.at[i] = i < n ? p[i] : narrow<T>(0.f);
    return x;
}

/** An element of a vector whose dtype is known at run time only: of none 0, of float32 1, of bfloat16 2, of float16 3. */
DEVICE float element(const void* vector, int dtype, int i) {
    if (dtype == 0) return 0.f;
    if (dtype == 1) return ((const f32*) vector)[i];
    return dtype == 2 ? widen(((const bf16*) vector)[i]) : widen(((const f16*) vector)[i]);
}

// ---- tensor cores: products of tiles of 16-bit numbers, summed in float32, and copies to shared memory beside the work

DEVICE u32 sharedAddress(const void* p) { return (u32) __cvta_generic_to_shared(p); }

/** Four tiles of 8 x 8; lane l says where row l mod 8 of tile l / 8 lies, aligned to 16 bytes. */
DEVICE void loadTiles(u32 (&tiles)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
                 : "r"(sharedAddress(row)));
}

/** The same, each tile transposed. */
DEVICE void loadTurnedTiles(u32 (&tiles)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(tiles[0]), "=r"(tiles[1]), "=r"(tiles[2]), "=r"(tiles[3])
                 : "r"(sharedAddress(row)));
}

/** c (16, 8) += a (16, 16) b (16, 8), b by columns. */
template <class T> DEVICE void multiply(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1);
#define MULTIPLY(type, name) \
    template <> __device__ __forceinline__ void multiply<type>(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) { \
        asm("mma.sync.aligned.m16n8k16.row.col.f32." name "." name ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) \
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); \
    }
MULTIPLY(bf16, "bf16")
MULTIPLY(f16, "f16")

/** Sixteen bytes, both addresses aligned to them; there after commitCopies, awaitCopies and a barrier. */
DEVICE void copyPack(void* shared, const void* global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared)), "l"(global) : "memory");
}
DEVICE void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/** Waits for all groups of this thread but the last so many. */
template <int LEFT> DEVICE void awaitCopies() { asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory"); }

/** A pack to shared memory, zeros behind the first n values; aside where the address allows. */
template <class T> DEVICE void fetchPack(T* shared, const T* global, int n, bool aligned) {
    if (aligned && n >= Pack<T>::N) copyPack(shared, global);
    else storePack(shared, loadSome(global, n, false));
}

// ---- functions of one value

struct Relu {
    __device__ __forceinline__ float operator()(float x) const { return x > 0 || x != x ? x : 0.f; }
};
struct Silu {
    __device__ __forceinline__ float operator()(float x) const { return x / (1.f + expf(-x)); }
};
struct Gelu {
    __device__ __forceinline__ float operator()(float x) const { return 0.5f * x * (1.f + erff(x * 0.70710678118654752f)); }
};
struct GeluTanh {
    __device__ __forceinline__ float operator()(float x) const {
        float inner = 0.79788456080286536f * fmaf(0.044715f * x * x, x, x);
        return 0.5f * x * (1.f + tanhf(inner));
    }
};

/** Which of them, by number: of none the value itself, of the last its product with a factor. */
enum Function { NONE, RELU, SILU, GELU, GELU_TANH, SCALE };

DEVICE float apply(int f, float x, float factor) {
    switch (f) {
        case RELU: return Relu()(x);
        case SILU: return Silu()(x);
        case GELU: return Gelu()(x);
        case GELU_TANH: return GeluTanh()(x);
        case SCALE: return x * factor;
        default: return x;
    }
}

// ---- rotary embedding

/** Whether two types are one. */
template <class A, class B> struct Same { static const bool as = false; };
template <class A> struct Same<A, A> { static const bool as = true; };

/** a c + b s: where the tables have the activations' type, products and sum are rounded one by one; else once. */
template <class X, class T> DEVICE float turned(float a, float c, float b, float s) {
    return Same<X, T>::as ? rounded<X>(a * c) + rounded<X>(b * s) : a * c + b * s;
}
