// One kernel for each instruction: a thread takes its operands from a, b and c, and puts the result to d. Made to PTX by
// fovea-core/src/test/python/ptx.py; PtxDeviceTest knows the right results.

#define AT (blockIdx.x * 32 + threadIdx.x)

#define ONE(name, op, D, d_, A, a_) \
    KERNEL(32) name(const A* a, D* d) { \
        D r; \
        asm(op " %0, %1;" : d_(r) : a_(a[AT])); \
        d[AT] = r; \
    }
#define TWO(name, op, D, d_, A, a_, B, b_) \
    KERNEL(32) name(const A* a, const B* b, D* d) { \
        D r; \
        asm(op " %0, %1, %2;" : d_(r) : a_(a[AT]), b_(b[AT])); \
        d[AT] = r; \
    }
#define THREE(name, op, D, d_, A, a_, C, c_) \
    KERNEL(32) name(const A* a, const A* b, const C* c, D* d) { \
        D r; \
        asm(op " %0, %1, %2, %3;" : d_(r) : a_(a[AT]), a_(b[AT]), c_(c[AT])); \
        d[AT] = r; \
    }
#define INT1(name, op) ONE(name, op, u32, "=r", u32, "r")
#define INT2(name, op) TWO(name, op, u32, "=r", u32, "r", u32, "r")
#define INT3(name, op) THREE(name, op, u32, "=r", u32, "r", u32, "r")
#define LONG1(name, op) ONE(name, op, u64, "=l", u64, "l")
#define LONG2(name, op) TWO(name, op, u64, "=l", u64, "l", u64, "l")
#define LONG3(name, op) THREE(name, op, u64, "=l", u64, "l", u64, "l")
#define REAL1(name, op) ONE(name, op, float, "=f", float, "f")
#define REAL2(name, op) TWO(name, op, float, "=f", float, "f", float, "f")
#define REAL3(name, op) THREE(name, op, float, "=f", float, "f", float, "f")
#define DOUBLE2(name, op) TWO(name, op, double, "=d", double, "d", double, "d")
#define HOLDS(name, op, A, a_) \
    KERNEL(32) name(const A* a, const A* b, u32* d) { \
        u32 r; \
        asm("{ .reg .pred p; " op " p, %1, %2; selp.u32 %0, 1, 0, p; }" : "=r"(r) : a_(a[AT]), a_(b[AT])); \
        d[AT] = r; \
    }
#define KIND(kind) \
    KERNEL(32) kind(const float* a, u32* d) { \
        u32 r; \
        asm("{ .reg .pred p; testp." #kind ".f32 p, %1; selp.u32 %0, 1, 0, p; }" : "=r"(r) : "f"(a[AT])); \
        d[AT] = r; \
    }

INT1(not_b32, "not.b32") INT1(neg_s32, "neg.s32") INT1(abs_s32, "abs.s32") INT1(cnot_b32, "cnot.b32")
INT1(popc_b32, "popc.b32") INT1(clz_b32, "clz.b32") INT1(brev_b32, "brev.b32")
INT1(bfind_s32, "bfind.s32") INT1(bfind_u32, "bfind.u32")
INT2(add_s32, "add.s32") INT2(sub_s32, "sub.s32") INT2(mul_lo_s32, "mul.lo.s32") INT2(mul_hi_s32, "mul.hi.s32")
INT2(mul_hi_u32, "mul.hi.u32") INT2(div_s32, "div.s32") INT2(div_u32, "div.u32") INT2(rem_s32, "rem.s32")
INT2(rem_u32, "rem.u32") INT2(min_s32, "min.s32") INT2(min_u32, "min.u32") INT2(max_s32, "max.s32")
INT2(max_u32, "max.u32") INT2(and_b32, "and.b32") INT2(or_b32, "or.b32") INT2(xor_b32, "xor.b32")
INT2(shl_b32, "shl.b32") INT2(shr_s32, "shr.s32") INT2(shr_u32, "shr.u32")
INT3(mad_lo_s32, "mad.lo.s32") INT3(mad_hi_s32, "mad.hi.s32") INT3(mad_hi_u32, "mad.hi.u32") INT3(sad_s32, "sad.s32")
INT3(bfe_s32, "bfe.s32") INT3(bfe_u32, "bfe.u32") INT3(prmt_b32, "prmt.b32")
INT3(shf_l_wrap, "shf.l.wrap.b32") INT3(shf_r_wrap, "shf.r.wrap.b32") INT3(shf_l_clamp, "shf.l.clamp.b32")
INT3(shf_r_clamp, "shf.r.clamp.b32")
TWO(mul_wide_s32, "mul.wide.s32", u64, "=l", u32, "r", u32, "r")
TWO(mul_wide_u32, "mul.wide.u32", u64, "=l", u32, "r", u32, "r")
THREE(mad_wide_s32, "mad.wide.s32", u64, "=l", u32, "r", u64, "l")
THREE(mad_wide_u32, "mad.wide.u32", u64, "=l", u32, "r", u64, "l")
ONE(popc_b64, "popc.b64", u32, "=r", u64, "l") ONE(clz_b64, "clz.b64", u32, "=r", u64, "l")
LONG1(not_b64, "not.b64") LONG1(neg_s64, "neg.s64") LONG1(brev_b64, "brev.b64")
LONG2(add_s64, "add.s64") LONG2(sub_s64, "sub.s64") LONG2(mul_lo_s64, "mul.lo.s64") LONG2(mul_hi_s64, "mul.hi.s64")
LONG2(mul_hi_u64, "mul.hi.u64") LONG2(div_s64, "div.s64") LONG2(div_u64, "div.u64") LONG2(rem_s64, "rem.s64")
LONG2(rem_u64, "rem.u64") LONG2(min_s64, "min.s64") LONG2(min_u64, "min.u64") LONG2(max_u64, "max.u64")
LONG2(and_b64, "and.b64") LONG3(mad_lo_s64, "mad.lo.s64")
TWO(shl_b64, "shl.b64", u64, "=l", u64, "l", u32, "r") TWO(shr_s64, "shr.s64", u64, "=l", u64, "l", u32, "r")
TWO(shr_u64, "shr.u64", u64, "=l", u64, "l", u32, "r")
TWO(mul_lo_s16, "mul.lo.s16", u16, "=h", u16, "h", u16, "h") TWO(shr_s16, "shr.s16", u16, "=h", u16, "h", u32, "r")
TWO(min_s16, "min.s16", u16, "=h", u16, "h", u16, "h") TWO(max_u16, "max.u16", u16, "=h", u16, "h", u16, "h")
KERNEL(32) lop3_b32(const u32* a, const u32* b, const u32* c, u32* d) {
    u32 r;
    asm("lop3.b32 %0, %1, %2, %3, 0xe2;" : "=r"(r) : "r"(a[AT]), "r"(b[AT]), "r"(c[AT]));
    d[AT] = r;
}
KERNEL(32) bfi_b32(const u32* a, const u32* b, const u32* c, u32* d) {
    u32 r;
    asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(r) : "r"(a[AT]), "r"(b[AT]), "r"(c[AT] & 31), "r"(c[AT] >> 5 & 31));
    d[AT] = r;
}
KERNEL(32) unpack_b64(const u64* a, u64* d) {
    u64 r;
    asm("{ .reg .b32 lo, hi; mov.b64 {lo, hi}, %1; mov.b64 %0, {hi, lo}; }" : "=l"(r) : "l"(a[AT]));
    d[AT] = r;
}

REAL1(abs_f32, "abs.f32") REAL1(neg_f32, "neg.f32") REAL1(rcp_rn_f32, "rcp.rn.f32") REAL1(sqrt_rn_f32, "sqrt.rn.f32")
REAL1(rcp_approx_f32, "rcp.approx.ftz.f32") REAL1(sqrt_approx_f32, "sqrt.approx.f32") REAL1(rsqrt_f32, "rsqrt.approx.f32")
REAL1(ex2_f32, "ex2.approx.f32") REAL1(ex2_ftz_f32, "ex2.approx.ftz.f32") REAL1(lg2_f32, "lg2.approx.f32")
REAL1(sin_f32, "sin.approx.f32") REAL1(cos_f32, "cos.approx.f32") REAL1(tanh_f32, "tanh.approx.f32")
REAL1(saturate, "cvt.sat.f32.f32") REAL1(f32_rint, "cvt.rni.f32.f32") REAL1(f32_trunc, "cvt.rzi.f32.f32")
REAL1(f32_floor, "cvt.rmi.f32.f32") REAL1(f32_ceil, "cvt.rpi.f32.f32")
REAL2(add_f32, "add.rn.f32") REAL2(sub_f32, "sub.rn.f32") REAL2(mul_f32, "mul.rn.f32") REAL2(div_f32, "div.rn.f32")
REAL2(add_rm_f32, "add.rm.f32") REAL2(add_rp_f32, "add.rp.f32") REAL2(add_rz_f32, "add.rz.f32")
REAL2(mul_rm_f32, "mul.rm.f32") REAL2(mul_rz_f32, "mul.rz.f32") REAL2(add_ftz_f32, "add.rn.ftz.f32")
REAL2(min_f32, "min.f32") REAL2(max_f32, "max.f32") REAL2(max_nan_f32, "max.NaN.f32")
REAL2(copysign_f32, "copysign.f32") REAL2(add_sat_f32, "add.rn.sat.f32")
REAL3(fma_f32, "fma.rn.f32") REAL3(fma_rm_f32, "fma.rm.f32") REAL3(fma_rp_f32, "fma.rp.f32") REAL3(fma_rz_f32, "fma.rz.f32")
DOUBLE2(add_f64, "add.rn.f64") DOUBLE2(mul_f64, "mul.rn.f64") DOUBLE2(div_f64, "div.rn.f64") DOUBLE2(min_f64, "min.f64")
HOLDS(lt_s32, "setp.lt.s32", u32, "r") HOLDS(lt_u32, "setp.lt.u32", u32, "r") HOLDS(ge_s32, "setp.ge.s32", u32, "r")
HOLDS(eq_s32, "setp.eq.s32", u32, "r") HOLDS(ne_u32, "setp.ne.u32", u32, "r") HOLDS(hi_u32, "setp.hi.u32", u32, "r")
HOLDS(lt_u64, "setp.lt.u64", u64, "l") HOLDS(gt_s64, "setp.gt.s64", u64, "l")
HOLDS(lt_f32, "setp.lt.f32", float, "f") HOLDS(ltu_f32, "setp.ltu.f32", float, "f") HOLDS(ne_f32, "setp.ne.f32", float, "f")
HOLDS(neu_f32, "setp.neu.f32", float, "f") HOLDS(geu_f32, "setp.geu.f32", float, "f") HOLDS(num_f32, "setp.num.f32", float, "f")
HOLDS(equ_f32, "setp.equ.f32", float, "f")
KERNEL(32) lt_and_f32(const float* a, const float* b, u32* d) { // joined with a predicate
    u32 r;
    asm("{ .reg .pred p, q; setp.gt.f32 q, %1, 0f00000000; setp.lt.and.f32 p, %1, %2, q; selp.u32 %0, 1, 0, p; }"
        : "=r"(r) : "f"(a[AT]), "f"(b[AT]));
    d[AT] = r;
}
KIND(finite) KIND(infinite) KIND(number) KIND(notanumber) KIND(normal) KIND(subnormal)
TWO(set_lt_f32, "set.lt.f32.f32", float, "=f", float, "f", float, "f")

ONE(s32_f32_rni, "cvt.rni.s32.f32", u32, "=r", float, "f") ONE(s32_f32_rzi, "cvt.rzi.s32.f32", u32, "=r", float, "f")
ONE(s32_f32_rmi, "cvt.rmi.s32.f32", u32, "=r", float, "f") ONE(u32_f32_rzi, "cvt.rzi.u32.f32", u32, "=r", float, "f")
ONE(s64_f32_rzi, "cvt.rzi.s64.f32", u64, "=l", float, "f") ONE(u64_f32_rzi, "cvt.rzi.u64.f32", u64, "=l", float, "f")
ONE(f32_s32, "cvt.rn.f32.s32", float, "=f", u32, "r") ONE(f32_u32, "cvt.rn.f32.u32", float, "=f", u32, "r")
ONE(f32_s32_rz, "cvt.rz.f32.s32", float, "=f", u32, "r") ONE(f32_s64, "cvt.rn.f32.s64", float, "=f", u64, "l")
ONE(f32_u64, "cvt.rn.f32.u64", float, "=f", u64, "l") ONE(f64_f32, "cvt.f64.f32", double, "=d", float, "f")
ONE(f32_f64, "cvt.rn.f32.f64", float, "=f", double, "d") ONE(f32_f64_rz, "cvt.rz.f32.f64", float, "=f", double, "d")
ONE(f16_f32, "cvt.rn.f16.f32", u16, "=h", float, "f") ONE(f16_f32_rz, "cvt.rz.f16.f32", u16, "=h", float, "f")
ONE(f32_f16, "cvt.f32.f16", float, "=f", u16, "h") ONE(bf16_f32, "cvt.rn.bf16.f32", u16, "=h", float, "f")
TWO(bf16x2_f32, "cvt.rn.bf16x2.f32", u32, "=r", float, "f", float, "f")
TWO(bf16x2_f32_rz, "cvt.rz.bf16x2.f32", u32, "=r", float, "f", float, "f")
TWO(f16x2_f32, "cvt.rn.f16x2.f32", u32, "=r", float, "f", float, "f")
ONE(s32_s8, "cvt.s32.s8", u32, "=r", u32, "r") ONE(u32_u16, "cvt.u32.u16", u32, "=r", u16, "h")
ONE(s64_s32, "cvt.s64.s32", u64, "=l", u32, "r") ONE(u64_u32, "cvt.u64.u32", u64, "=l", u32, "r")
ONE(u32_u64, "cvt.u32.u64", u32, "=r", u64, "l") ONE(s32_s64_sat, "cvt.sat.s32.s64", u32, "=r", u64, "l")
ONE(u8_s32_sat, "cvt.sat.u8.s32", u32, "=r", u32, "r")
