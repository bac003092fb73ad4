// Small programs for the interpreter: threads that part and meet, memory of all kinds, warps and blocks that work together, and
// mistakes that it has to name. Made to PTX by fovea-core/src/test/python/ptx.py.

#define AT (blockIdx.x * blockDim.x + threadIdx.x)
#define LANE (threadIdx.x % 32)

// ---- threads that part

KERNEL(64) collatz(const u32* start, u32* steps) {
    u32 n = start[AT], count = 0;
    while (n != 1) {
        n = n % 2 ? 3 * n + 1 : n / 2;
        count++;
    }
    steps[AT] = count;
}
KERNEL(64) nested(const int* x, int* y) { // with an early end, a continue and a break
    int n = x[AT], sum = 0;
    if (n < 0) return;
    for (int i = 0; i < n; i++) {
        if (i % 3 == 1) continue;
        if (sum > 40) break;
        for (int j = 0; j < (n ^ i) % 4; j++) sum += j % 2 ? i : 1;
    }
    y[AT] = sum;
}
KERNEL(64) choose(const int* x, int* y) {
    int n = x[AT];
    switch (n % 9) {
        case 0: y[AT] = n * n; break;
        case 1: y[AT] = n - 7; break;
        case 2: y[AT] = ~n;
        case 3: y[AT + 64] = n; break;
        case 4: y[AT] = n << 3; break;
        case 5: for (int i = 0; i < n; i++) y[AT] = y[AT] + i; break;
        case 6: y[AT] = 5; break;
        case 7: y[AT] = n / 3; break;
        default: y[AT] = -1;
    }
}

// ---- lanes that work together

KERNEL(32) shuffles(const int* x, int* y) {
    int a = x[LANE];
    y[LANE] = __shfl_sync(ALL, a, (LANE * 7 + 3) % 32);
    y[32 + LANE] = __shfl_up_sync(ALL, a, 3);
    y[64 + LANE] = __shfl_down_sync(ALL, a, 5);
    y[96 + LANE] = __shfl_xor_sync(ALL, a, 9);
    y[128 + LANE] = __shfl_sync(ALL, a, 2, 8);
    y[160 + LANE] = __shfl_down_sync(ALL, a, 2, 16);
}
KERNEL(32) halves(const int* x, int* y) { // each half by itself, in other places of the code, after other times
    int a = x[LANE];
    if (LANE < 16) {
        for (int i = 0; i < 5; i++) a += __shfl_xor_sync(0xffff, a, 1 << i % 4);
    } else {
        a = a * 3 + __shfl_xor_sync(0xffff0000, a, 8);
    }
    __syncwarp();
    u32 mine = LANE < 16 ? 0xffffu : 0xffff0000u;
    y[LANE] = a + __shfl_xor_sync(mine, a, 1);
}
KERNEL(32) votes(const int* x, u32* y) {
    int a = x[LANE];
    y[LANE] = __ballot_sync(ALL, a > 3);
    y[32 + LANE] = __all_sync(ALL, a > 0) * 4 + __any_sync(ALL, a > 90) * 2 + __all_sync(ALL, a < 1000);
    y[64 + LANE] = __match_any_sync(ALL, a % 3);
    y[96 + LANE] = __reduce_add_sync(ALL, a);
    y[128 + LANE] = 0;
    if (a > 3) y[128 + LANE] = __activemask();
}

// ---- blocks

KERNEL(256) sums(const float* x, float* y) {
    float s = blockSum<256>(x[AT]);
    y[AT] = s + blockMax<256>(x[AT]);
}
template <bool SYNC> DEVICE void turn(const float* x, float* y) {
    __shared__ float s[128];
    s[threadIdx.x] = x[AT];
    if (SYNC) __syncthreads();
    y[AT] = s[127 - threadIdx.x];
}
KERNEL(128) turned(const float* x, float* y) { turn<true>(x, y); }
KERNEL(128) turned_too_early(const float* x, float* y) { turn<false>(x, y); }
KERNEL(128) early_end(const float* x, float* y, int n) { // some threads never come to the barrier
    extern __shared__ float s[];
    if (threadIdx.x >= n) return;
    s[threadIdx.x] = x[AT];
    __syncthreads();
    y[AT] = s[n - 1 - threadIdx.x];
}
KERNEL(128) pipeline(const float* x, float* y) { // two warps wait for two others, by a barrier of their own
    __shared__ float s[2][32];
    int pair = threadIdx.x / 32 % 2;
    if (threadIdx.x < 64) s[pair][LANE] = x[threadIdx.x] + 1;
    asm volatile("bar.sync %0, 64;" :: "r"(pair + 1) : "memory");
    if (threadIdx.x >= 64) y[threadIdx.x - 64] = s[pair][31 - LANE] * 2;
}
template <bool WAIT> DEVICE void fetched(const float* x, float* y, int n) {
    __shared__ __align__(16) float s[2][256];
    for (int i = 0; i < 2; i++) {
        u32 to = (u32) __cvta_generic_to_shared(&s[i][threadIdx.x * 4]);
        int bytes = max(0, min(16, 4 * (n - (int) threadIdx.x * 4)));
        asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;" :: "r"(to), "l"(x + i * 256 + threadIdx.x * 4), "r"(bytes));
        asm volatile("cp.async.commit_group;");
    }
    if (WAIT) asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += 64) y[i] = s[0][255 - i];
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += 64) y[256 + i] = s[1][255 - i];
}
KERNEL(64) fetch(const float* x, float* y, int n) { fetched<true>(x, y, n); }
KERNEL(64) fetch_too_early(const float* x, float* y, int n) { fetched<false>(x, y, n); }

// ---- memory

KERNEL(32) local(const u32* x, u32* y) { // an array of each thread's own
    u32 a[9];
    for (int i = 0; i < 9; i++) a[i] = x[LANE] + i * i;
    u32 sum = 0;
    for (u32 i = 0; i < x[LANE] % 20; i++) {
        sum += a[(i * 5) % 9];
        a[i % 9] = sum;
    }
    y[LANE] = sum;
}
__constant__ int primes[5] = {2, 3, 5, 7, 11};
static __device__ const float halves_of[4] = {0.5f, 1.f, 1.5f, -2.f};
KERNEL(32) tables(float* y) { y[LANE] = primes[LANE % 5] * halves_of[LANE % 4]; }
KERNEL(32) packs_of(const signed char* a, const u16* b, const float4* c, float* y) {
    float4 v = c[LANE];
    float2 pair = ((const float2*) c)[LANE];
    y[LANE] = a[LANE] + b[LANE] + v.x * 2 + v.y * 3 + v.z * 5 + v.w * 7 + pair.x * 11 + pair.y * 13;
    ((float4*) y)[8 + LANE] = make_float4(v.w, v.z, v.y, v.x);
}
KERNEL(32) somewhere(const float* x, float* y, int which) { // an address of either memory
    __shared__ float s[32];
    s[LANE] = x[LANE] * 2;
    __syncwarp();
    float own[3] = {x[LANE] * 3, 1, 2};
    const float* volatile from[3] = {x + LANE, s + LANE, own};
    y[LANE] = *from[(which + LANE) % 3];
}
struct Wide { int a; float b; i64 c[3]; char d; };
KERNEL(32) whole(const Wide w, float* y, int i) { y[LANE] = w.a + w.b + w.c[i] + w.d; }

// ---- matrices

template <bool BF> DEVICE void product(const u16* a, const u16* b, const float* c, float* d) {
    __shared__ __align__(16) u16 sa[16 * 16], sb[16 * 8]; // a (16, 16), b (16, 8)
    for (int i = LANE; i < 256; i += 32) sa[i] = a[i];
    for (int i = LANE; i < 128; i += 32) sb[i] = b[i];
    __syncwarp();
    u32 x[4], y[2];
    float z[4];
    u32 pa = (u32) __cvta_generic_to_shared(sa + LANE % 16 * 16 + LANE / 16 * 8);
    u32 pb = (u32) __cvta_generic_to_shared(sb + LANE % 16 * 8);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(pa));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(pb));
    for (int i = 0; i < 4; i++) z[i] = c[(LANE / 4 + i / 2 * 8) * 8 + LANE % 4 * 2 + i % 2];
    if (BF) asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(z[0]), "+f"(z[1]), "+f"(z[2]), "+f"(z[3]) : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
    else asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
        : "+f"(z[0]), "+f"(z[1]), "+f"(z[2]), "+f"(z[3]) : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
    for (int i = 0; i < 4; i++) d[(LANE / 4 + i / 2 * 8) * 8 + LANE % 4 * 2 + i % 2] = z[i];
}
KERNEL(32) product_bf16(const u16* a, const u16* b, const float* c, float* d) { product<true>(a, b, c, d); }
KERNEL(32) product_f16(const u16* a, const u16* b, const float* c, float* d) { product<false>(a, b, c, d); }

// ---- functions of the compiler's own library

KERNEL(32) functions(const float* x, float* y) {
    float a = x[LANE];
    y[LANE] = expf(a);
    y[32 + LANE] = tanhf(a);
    y[64 + LANE] = erff(a);
    y[96 + LANE] = sinf(a * 100000);
    y[128 + LANE] = cosf(a);
    y[160 + LANE] = logf(fabsf(a));
    y[192 + LANE] = exp2f(a);
    y[224 + LANE] = powf(fabsf(a), 1.7f);
    y[256 + LANE] = fmodf(a, 0.3f);
    y[288 + LANE] = log1pf(fabsf(a));
    y[320 + LANE] = rsqrtf(fabsf(a));
    y[352 + LANE] = roundf(a * 10);
    y[384 + LANE] = (float) exp((double) a);
}

// ---- mistakes

KERNEL(64) read_at(const float* x, float* y, int i) { y[threadIdx.x] = x[threadIdx.x + i]; }
KERNEL(64) write_at(const float* x, float* y, int i) { y[threadIdx.x + i] = x[threadIdx.x]; }
KERNEL(64) read_pack(const float* x, float* y, int i) { *(float4*) (y + 4 * threadIdx.x) = *(const float4*) (x + i); }
KERNEL(64) shared_at(const float* x, float* y, int i) {
    extern __shared__ float s[];
    s[threadIdx.x + i] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x];
}
KERNEL(64) half_a_warp(const float* x, float* y, int n) {
    float a = x[threadIdx.x];
    if (LANE < n) a = warpSum(a);
    y[threadIdx.x] = a;
}
KERNEL(64) two_places(const float* x, float* y, int n) {
    float a = x[threadIdx.x];
    if (LANE < n) a = 1 + __shfl_xor_sync(ALL, a, 1);
    else a = __shfl_xor_sync(ALL, a * 3, 2);
    y[threadIdx.x] = a;
}
KERNEL(64) ended_lanes(const float* x, float* y, int n) {
    if (LANE >= n) return;
    y[threadIdx.x] = warpSum(x[threadIdx.x]);
}
KERNEL(64) not_named(const float* x, float* y, int n) { y[threadIdx.x] = __shfl_xor_sync((1u << n) - 1, x[threadIdx.x], 1); }
KERNEL(64) lonely_barrier(const float* x, float* y, int n) {
    if (threadIdx.x < n) asm volatile("bar.sync 1, 64;" ::: "memory");
    else asm volatile("bar.sync 2, 64;" ::: "memory");
    y[threadIdx.x] = x[threadIdx.x];
}
