// What tests of the compiler compile: conversions, a sum over a block, asynchronous copies and a matrix product.

KERNEL(256) rowSums(const X* x, float* out, int width) {
    float sum = 0;
    for (int i = threadIdx.x; i < width; i += 256) sum += widen(x[(i64) blockIdx.x * width + i]);
    sum = blockSum<256>(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

KERNEL(32) product(const u32* a, const u32* b, float* out) {
    __shared__ __align__(16) u32 tile[32 * 4];
    int t = threadIdx.x;
    u32 shared = (u32) __cvta_generic_to_shared(tile + t * 4);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(shared), "l"(a + t * 4));
    asm volatile("cp.async.commit_group;");
    asm volatile("cp.async.wait_group 0;");
    __syncthreads();
    u32 r[4];
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared));
    float c[4] = {0, 0, 0, 0};
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]), "r"(b[t]), "r"(b[t + 32]));
    for (int i = 0; i < 4; i++) out[t * 4 + i] = c[i];
}
