// Put in front of every source: types, conversions, sums. Needs no header; compiled with --fmad=false, so that a product and a
// sum are rounded apart unless the source says fmaf.

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
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)

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
template <int N> DEVICE float blockMax(float x) {
    __shared__ float part[N / 32];
    x = warpMax(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = x;
    __syncthreads();
    x = part[0];
    for (int i = 1; i < N / 32; i++) x = fmaxf(x, part[i]);
    return x;
}
