package dev.fovea.ffi.x86;

import java.util.Arrays;

/**
 * Writes the instructions that kernels need, with the names of Intel's manual and its order of operands. Vector instructions
 * are of the width asked for, encoded as VEX for 256 bits and fewer and as EVEX for 512; registers from 16 on are those of
 * 512 bits alone.
 *
 * <pre>{@code
 * Assembler a = new Assembler(256);
 * a.vxorps(0);
 * int loop = a.here();
 * a.vcvtph2ps(1, Address.of(Gpr.RDI, 0));
 * …
 * a.jumpIfBelow(loop);
 * a.ret();
 * }</pre>
 */
public final class Assembler {
    private static final int MAP_0F = 1;
    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;
    private static final int PREFIX_NONE = 0;
    private static final int PREFIX_66 = 1;
    private static final int PREFIX_F3 = 2;
    private static final int PREFIX_F2 = 3;
    private static final int EVEX_MASK = 3; // the prefix's byte that names a mask register

    private final int bits;
    private byte[] code = new byte[1024];
    private int size;

    /** @param bits of a vector: 128, 256 or 512 */
    public Assembler(int bits) {
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("vectors of " + bits + " bits; expected 128, 256 or 512");
        }
        this.bits = bits;
    }

    /** What was written so far. */
    public byte[] code() {
        return Arrays.copyOf(code, size);
    }

    /** The place of the next instruction, for jumps back. */
    public int here() {
        return size;
    }

    private void bytes(int... values) {
        if (size + values.length > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        for (int value : values) {
            code[size++] = (byte) value;
        }
    }

    private void word(int value) {
        bytes(value, value >> 8, value >> 16, value >> 24);
    }

    // -------------------------------------------------------------------------------------------------- integers

    /** {@code to = from}, 64 bits. */
    public void mov(Gpr to, Gpr from) {
        integers(0x89, from, to);
    }

    /** {@code to = value}, 64 bits. */
    public void mov(Gpr to, long value) {
        bytes(0x48 | to.high(), 0xb8 | to.low());
        word((int) value);
        word((int) (value >> Integer.SIZE));
    }

    /** {@code to = [from]}, 64 bits. */
    public void load(Gpr to, Address from) {
        integers(0x8b, to, from);
    }

    /** {@code to = [from]}, 32 bits, and zeros above them. */
    public void loadInt(Gpr to, Address from) {
        bytes(0x40 | to.high() << 2 | from.indexHigh() << 1 | from.baseHigh(), 0x8b, 0x84 | to.low() << 3, from.sib());
        word(from.displacement());
    }

    /** {@code [to] = from}, 64 bits. */
    public void store(Address to, Gpr from) {
        bytes(0x48 | from.high() << 2 | to.indexHigh() << 1 | to.baseHigh(), 0x89, 0x84 | from.low() << 3, to.sib());
        word(to.displacement());
    }

    /** Brings the line at an address nearer; no fault where there is none. */
    public void prefetcht0(Address at) {
        prefetch(1, at);
    }

    /** The same, but no nearer than the second-level cache. */
    public void prefetcht1(Address at) {
        prefetch(2, at);
    }

    private void prefetch(int level, Address at) {
        bytes(0x40 | at.indexHigh() << 1 | at.baseHigh(), 0x0f, 0x18, 0x84 | level << 3, at.sib());
        word(at.displacement());
    }

    /** {@code to += by}. */
    public void add(Gpr to, Gpr by) {
        integers(0x01, by, to);
    }

    /** {@code to += [by]}. */
    public void add(Gpr to, Address by) {
        integers(0x03, to, by);
    }

    /** {@code to += by}. */
    public void add(Gpr to, int by) {
        bytes(0x48 | to.high(), 0x81, 0xc0 | to.low());
        word(by);
    }

    /** {@code to -= by}; sets the flags. */
    public void sub(Gpr to, int by) {
        bytes(0x48 | to.high(), 0x81, 0xe8 | to.low());
        word(by);
    }

    /** Sets the flags of {@code a - b}. */
    public void cmp(Gpr a, Gpr b) {
        integers(0x39, b, a);
    }

    /** Sets the flags of {@code a - [b]}. */
    public void cmp(Gpr a, Address b) {
        integers(0x3b, a, b);
    }

    /** Sets the flags of {@code a & bits}, 32 bits. */
    public void testInt(Gpr a, int bits) {
        bytes(0x40 | a.high(), 0xf7, 0xc0 | a.low());
        word(bits);
    }

    /** {@code to <<= count}. */
    public void shl(Gpr to, int count) {
        bytes(0x48 | to.high(), 0xc1, 0xe0 | to.low(), count);
    }

    /** {@code to = 0}. */
    public void clear(Gpr to) {
        integers(0x31, to, to);
    }

    private void integers(int opcode, Gpr reg, Gpr rm) {
        bytes(0x48 | reg.high() << 2 | rm.high(), opcode, 0xc0 | reg.low() << 3 | rm.low());
    }

    private void integers(int opcode, Gpr reg, Address at) {
        bytes(0x48 | reg.high() << 2 | at.indexHigh() << 1 | at.baseHigh(), opcode, 0x84 | reg.low() << 3, at.sib());
        word(at.displacement());
    }

    /** Jumps back. */
    public void jump(int target) {
        bytes(0xe9);
        word(target - (size + Integer.BYTES));
    }

    /** Jumps ahead, to where {@link #land} is called with what this returns. */
    public int jumpAhead() {
        jump(size);
        return size;
    }

    /** Jumps back where the last comparison was of a lower with a higher, without sign. */
    public void jumpIfBelow(int target) {
        jump(0x82, target);
    }

    /** Jumps back where the last result was not zero. */
    public void jumpIfNotZero(int target) {
        jump(0x85, target);
    }

    /** Jumps ahead where the last result was not zero, to where {@link #land} is called with what this returns. */
    public int jumpAheadIfNotZero() {
        jump(0x85, size);
        return size;
    }

    /** The same where the last result was zero. */
    public int jumpAheadIfZero() {
        jump(0x84, size);
        return size;
    }

    /** The same where the last comparison was of a lower with a higher, without sign. */
    public int jumpAheadIfBelow() {
        jump(0x82, size);
        return size;
    }

    /** The place that a jump ahead goes to. */
    public void land(int jump) {
        int end = size;
        size = jump - Integer.BYTES;
        word(end - jump);
        size = end;
    }

    private void jump(int condition, int target) {
        bytes(0x0f, condition);
        word(target - (size + Integer.BYTES));
    }

    /** Calls the function at an address. */
    public void call(Gpr function) {
        bytes(0x40 | function.high(), 0xff, 0xd0 | function.low());
    }

    public void ret() {
        bytes(0xc3);
    }

    /** Leaf eax, subleaf ecx, to eax, ebx, ecx and edx. */
    public void cpuid() {
        bytes(0x0f, 0xa2);
    }

    public void push(Gpr register) {
        bytes(0x40 | register.high(), 0x50 | register.low());
    }

    public void pop(Gpr register) {
        bytes(0x40 | register.high(), 0x58 | register.low());
    }

    // --------------------------------------------------------------------------------------------------- vectors

    /** {@code to = 0}. */
    public void vxorps(int to) {
        if (bits == 512) {
            registers(512, 0xef, MAP_0F, PREFIX_66, false, to, to, to); // vpxord: vxorps of 512 bits needs AVX512DQ
        } else {
            registers(bits, 0x57, MAP_0F, PREFIX_NONE, false, to, to, to);
        }
    }

    /** {@code to = [from]}. */
    public void vmovups(int to, Address from) {
        memory(bits, 0x10, MAP_0F, PREFIX_NONE, to, 0, from);
    }

    /** {@code to = [from]}, the lowest of so many bits. */
    public void vmovups(int width, int to, Address from) {
        memory(width, 0x10, MAP_0F, PREFIX_NONE, to, 0, from);
    }

    /** {@code [to] = from}. */
    public void vmovups(Address to, int from) {
        memory(bits, 0x11, MAP_0F, PREFIX_NONE, from, 0, to);
    }

    /** {@code [to] = from}, the lowest of so many bits. */
    public void vmovups(int width, Address to, int from) {
        memory(width, 0x11, MAP_0F, PREFIX_NONE, from, 0, to);
    }

    /** All lanes are the 32 bits at an address. */
    public void vpbroadcastd(int to, Address from) {
        memory(bits, 0x58, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** All lanes are the lowest one of from. */
    public void vpbroadcastd(int to, int from) {
        registers(bits, 0x58, MAP_0F38, PREFIX_66, false, to, 0, from);
    }

    /** Bytes without sign to 32 bits. */
    public void vpmovzxbd(int to, Address from) {
        memory(bits, 0x31, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** 32-bit integers to float32. */
    public void vcvtdq2ps(int to, int from) {
        registers(bits, 0x5b, MAP_0F, PREFIX_NONE, false, to, 0, from);
    }

    /** float32 to 32-bit integers, to nearest, ties to even. */
    public void vcvtps2dq(int to, int from) {
        registers(bits, 0x5b, MAP_0F, PREFIX_66, false, to, 0, from);
    }

    /** {@code to} = the greater, lanes of 32 bits with their sign. */
    public void vpmaxsd(int to, int a, int b) {
        registers(bits, 0x3d, MAP_0F38, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = each four lanes of 32 bits in another order, two bits each, the lowest lane's first. */
    public void vpshufd(int to, int from, int order) {
        registers(bits, 0x70, MAP_0F, PREFIX_66, false, to, 0, from);
        bytes(order);
    }

    /** {@code to} = two quarters of a and two of b, in an order as of {@link #vpshufd}; 512 bits alone. */
    public void vshufi64x2(int to, int a, int b, int order) {
        registers(512, 0x43, MAP_0F3A, PREFIX_66, true, to, a, b);
        bytes(order);
    }

    /** {@code [to]} = lanes of 32 bits as bytes, cut to their range; 512 bits alone. */
    public void vpmovsdb(Address to, int from) {
        memory(512, 0x21, MAP_0F38, PREFIX_F3, from, 0, to);
    }

    /** {@code [to]} = lanes of 32 bits as such of 16, cut to their range; 512 bits alone. */
    public void vpmovsdw(Address to, int from) {
        memory(512, 0x23, MAP_0F38, PREFIX_F3, from, 0, to);
    }

    /** {@code [to]} = the lower halves of lanes of 32 bits; 512 bits alone. */
    public void vpmovdw(Address to, int from) {
        memory(512, 0x33, MAP_0F38, PREFIX_F3, from, 0, to);
    }

    /** {@code to = a & b}; vpand where vectors have 256 bits. */
    public void vpandd(int to, int a, int b) {
        registers(bits, 0xdb, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to = a & b}; vpand where vectors have 256 bits. */
    public void vpandd(int to, int a, Address b) {
        memory(bits, 0xdb, MAP_0F, PREFIX_66, to, a, b);
    }

    /** {@code to = a | b}; vpor where vectors have 256 bits. */
    public void vpord(int to, int a, Address b) {
        memory(bits, 0xeb, MAP_0F, PREFIX_66, to, a, b);
    }

    /** {@code to = a + b}, lanes of 32 bits. */
    public void vpaddd(int to, int a, int b) {
        registers(bits, 0xfe, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to = a + b}, lanes of 32 bits. */
    public void vpaddd(int to, int a, Address b) {
        memory(bits, 0xfe, MAP_0F, PREFIX_66, to, a, b);
    }

    /** {@code to = a + b}, lanes of 16 bits. */
    public void vpaddw(int to, int a, int b) {
        registers(bits, 0xfd, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = bytes of a, without sign, times those of b, with theirs: neighbours' sums, cut to 16 bits. */
    public void vpmaddubsw(int to, int a, int b) {
        registers(bits, 0x04, MAP_0F38, PREFIX_66, false, to, a, b);
    }

    /** {@code to = from >>> count}, lanes of 32 bits. */
    public void vpsrld(int to, int from, int count) {
        shift(0x72, 2, to, from, count);
    }

    /** {@code to = from << count}, lanes of 32 bits. */
    public void vpslld(int to, int from, int count) {
        shift(0x72, 6, to, from, count);
    }

    /** {@code to = from >> count}, lanes of 32 bits with their sign. */
    public void vpsrad(int to, int from, int count) {
        shift(0x72, 4, to, from, count);
    }

    /** {@code to = from >> count}, lanes of 16 bits with their sign. */
    public void vpsraw(int to, int from, int count) {
        shift(0x71, 4, to, from, count);
    }

    /** {@code to = from >> count}, lanes of 16 bits without sign. */
    public void vpsrlw(int to, int from, int count) {
        shift(0x71, 2, to, from, count);
    }

    /** Numbers of 16 bits without sign at an address to 32 bits. */
    public void vpmovzxwd(int to, Address from) {
        memory(bits, 0x33, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** {@code to = from << count}, lanes of 16 bits. */
    public void vpsllw(int to, int from, int count) {
        shift(0x71, 6, to, from, count);
    }

    private void shift(int op, int extension, int to, int from, int count) {
        registers(bits, op, MAP_0F, PREFIX_66, false, extension, to, from);
        bytes(count);
    }

    /** To each lane of 32 bits: four bytes of a, without sign, times the four at an address, with theirs; 512 bits alone. */
    public void vpdpbusd(int to, int a, Address all) {
        memory(512, 0x50, MAP_0F38, PREFIX_66, to, a, all, true);
    }

    /** To each lane of 32 bits: two halves of a times the two at an address, all with their sign; 512 bits alone. */
    public void vpdpwssd(int to, int a, Address all) {
        memory(512, 0x52, MAP_0F38, PREFIX_66, to, a, all, true);
    }

    /** {@code to = a b}. */
    public void vmulps(int to, int a, int b) {
        registers(bits, 0x59, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to = a b}. */
    public void vmulps(int to, int a, Address b) {
        memory(bits, 0x59, MAP_0F, PREFIX_NONE, to, a, b);
    }

    /** {@code to} = the greater; b where one is no number. */
    public void vmaxps(int to, int a, int b) {
        registers(bits, 0x5f, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to} = the greater; what is at the address where one is no number. */
    public void vmaxps(int to, int a, Address b) {
        memory(bits, 0x5f, MAP_0F, PREFIX_NONE, to, a, b);
    }

    /** {@code to} = the lesser; b where one is no number. */
    public void vminps(int to, int a, int b) {
        registers(bits, 0x5d, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to = a - b}. */
    public void vsubps(int to, int a, int b) {
        registers(bits, 0x5c, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to = a - b}. */
    public void vsubps(int to, int a, Address b) {
        memory(bits, 0x5c, MAP_0F, PREFIX_NONE, to, a, b);
    }

    /** {@code to = a + b}. */
    public void vaddps(int to, int a, Address b) {
        memory(bits, 0x58, MAP_0F, PREFIX_NONE, to, a, b);
    }

    /** {@code to = to a + b}. */
    public void vfmadd213ps(int to, int a, int b) {
        registers(bits, 0xa8, MAP_0F38, PREFIX_66, false, to, a, b);
    }

    /** {@code to = to a + b}. */
    public void vfmadd213ps(int to, int a, Address b) {
        memory(bits, 0xa8, MAP_0F38, PREFIX_66, to, a, b);
    }

    /** {@code to = from}. */
    public void vmovaps(int to, int from) {
        registers(bits, 0x28, MAP_0F, PREFIX_NONE, false, to, 0, from);
    }

    /** {@code to = to & a | b}; 512 bits alone. */
    public void andOr(int to, int a, int b) {
        registers(512, 0x25, MAP_0F3A, PREFIX_66, false, to, a, b); // vpternlogd
        bytes(0xea);
    }

    /** {@code to = a / b}. */
    public void vdivps(int to, int a, int b) {
        registers(bits, 0x5e, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to = a b}, b the number at an address; 512 bits alone. */
    public void vmulpsOfAll(int to, int a, Address b) {
        memory(512, 0x59, MAP_0F, PREFIX_NONE, to, a, b, true);
    }

    /** {@code to += a b}, b the number at an address; 512 bits alone. */
    public void vfmadd231psOfAll(int to, int a, Address b) {
        memory(512, 0xb8, MAP_0F38, PREFIX_66, to, a, b, true);
    }

    /** {@code [to] = from}, the lowest lane. */
    public void vmovss(Address to, int from) {
        memory(128, 0x11, MAP_0F, PREFIX_F3, from, 0, to);
    }

    /** The lowest lane {@code = [from]}, the others 0. */
    public void vmovss(int to, Address from) {
        memory(128, 0x10, MAP_0F, PREFIX_F3, to, 0, from);
    }

    /** The lowest lane {@code =} the lower half of from, the others 0. */
    public void vmovd(int to, Gpr from) {
        registers(128, 0x6e, MAP_0F, PREFIX_66, false, to, 0, from.high() << 3 | from.low());
    }

    /** {@code to} = the lowest lane, 32 bits. */
    public void vmovd(Gpr to, int from) {
        registers(128, 0x7e, MAP_0F, PREFIX_66, false, from, 0, to.high() << 3 | to.low());
    }

    /** float16 at an address to float32. */
    public void vcvtph2ps(int to, Address from) {
        memory(bits, 0x13, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** Half a vector of float16 to float32. */
    public void vcvtph2ps(int to, int from) {
        registers(bits, 0x13, MAP_0F38, PREFIX_66, false, to, 0, from);
    }

    /** {@code to} = lanes of 32 bits as float16, rounded to nearest, in half a vector. */
    public void vcvtps2ph(int to, int from) {
        registers(bits, 0x1d, MAP_0F3A, PREFIX_66, false, from, 0, to);
        bytes(0);
    }

    /** Numbers of 16 bits without sign in half a vector to 32 bits. */
    public void vpmovzxwd(int to, int from) {
        registers(bits, 0x33, MAP_0F38, PREFIX_66, false, to, 0, from);
    }

    /** {@code to} = lanes of 32 bits as bfloat16, rounded to nearest: lower's in the lower half; 512 bits alone. */
    public void vcvtne2ps2bf16(int to, int upper, int lower) {
        registers(512, 0x72, MAP_0F38, PREFIX_F2, false, to, upper, lower);
    }

    /** {@code to} = lanes of 16 bits of from, in the order that the lanes of order name; 512 bits alone. */
    public void vpermw(int to, int order, int from) {
        registers(512, 0x8d, MAP_0F38, PREFIX_66, true, to, order, from);
    }

    /** To each lane of 32 bits: two bfloat16 of a times two of b; 512 bits alone. */
    public void vdpbf16ps(int to, int a, int b) {
        vdpbf16ps(512, to, a, b);
    }

    /** The same of so many bits; fewer than 512 need AVX512VL. */
    public void vdpbf16ps(int width, int to, int a, int b) {
        prefix(true, width, MAP_0F38, PREFIX_F3, false, to, a, b >> 3 & 1, b >> 4 & 1, false);
        bytes(0x52, 0xc0 | (to & 7) << 3 | b & 7);
    }

    /** {@code to += a b}. */
    public void vfmadd231ps(int to, int a, int b) {
        vfmadd231ps(bits, to, a, b);
    }

    /** {@code to += a b}, of so many bits. */
    public void vfmadd231ps(int width, int to, int a, int b) {
        registers(width, 0xb8, MAP_0F38, PREFIX_66, false, to, a, b);
    }

    /** {@code to += a b}. */
    public void vfmadd231ps(int to, int a, Address b) {
        memory(bits, 0xb8, MAP_0F38, PREFIX_66, to, a, b);
    }

    /** {@code to = a + b}, of so many bits. */
    public void vaddps(int width, int to, int a, int b) {
        registers(width, 0x58, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to = a + b}, b the number at an address; 512 bits alone. */
    public void vaddpsOfAll(int to, int a, Address b) {
        memory(512, 0x58, MAP_0F, PREFIX_NONE, to, a, b, true);
    }

    /** {@code [to]} = the quarter of a vector of 512 bits that has so many below it. */
    public void vextractQuarter(Address to, int from, int below) {
        memory(512, 0x39, MAP_0F3A, PREFIX_66, from, 0, to); // vextracti32x4
        bytes(below);
    }

    /** {@code to} = the lower lanes of 32 bits of each 128 bits, one of a and one of b in turn. */
    public void vpunpckldq(int to, int a, int b) {
        registers(bits, 0x62, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = the upper ones. */
    public void vpunpckhdq(int to, int a, int b) {
        registers(bits, 0x6a, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = the lower lanes of 64 bits of each 128 bits, of a and of b. */
    public void vunpcklpd(int to, int a, int b) {
        registers(bits, 0x14, MAP_0F, PREFIX_66, bits == 512, to, a, b);
    }

    /** {@code to} = the upper ones. */
    public void vunpckhpd(int to, int a, int b) {
        registers(bits, 0x15, MAP_0F, PREFIX_66, bits == 512, to, a, b);
    }

    /** {@code to} = the upper half of a vector of so many bits. */
    public void vextractUpperHalf(int width, int to, int from) {
        if (width == 512) {
            registers(512, 0x1b, MAP_0F3A, PREFIX_66, true, from, 0, to); // vextractf64x4
        } else {
            registers(256, 0x19, MAP_0F3A, PREFIX_66, false, from, 0, to); // vextractf128
        }
        bytes(1);
    }

    /** {@code to} = four lanes of from in another order, two bits each, the lowest lane's first. */
    public void vpermilps(int to, int from, int order) {
        registers(128, 0x04, MAP_0F3A, PREFIX_66, false, to, 0, from);
        bytes(order);
    }

    // ----------------------------------------------------------------------------------- the lowest lane by itself

    /** {@code to = a + b}, float32. */
    public void vaddss(int to, int a, int b) {
        registers(128, 0x58, MAP_0F, PREFIX_F3, false, to, a, b);
    }

    /** {@code to = a / b}, float32. */
    public void vdivss(int to, int a, int b) {
        registers(128, 0x5e, MAP_0F, PREFIX_F3, false, to, a, b);
    }

    /** {@code to = a / b}, float64. */
    public void vdivsd(int to, int a, int b) {
        registers(128, 0x5e, MAP_0F, PREFIX_F2, false, to, a, b);
    }

    /** {@code to} = the root of from, float64. */
    public void vsqrtsd(int to, int from) {
        registers(128, 0x51, MAP_0F, PREFIX_F2, false, to, from, from);
    }

    /** float32 to float64. */
    public void vcvtss2sd(int to, int from) {
        registers(128, 0x5a, MAP_0F, PREFIX_F3, false, to, from, from);
    }

    /** float64 to float32. */
    public void vcvtsd2ss(int to, int from) {
        registers(128, 0x5a, MAP_0F, PREFIX_F2, false, to, from, from);
    }

    // -------------------------------------------------------------------- 256 bits: lanes that a vector's signs name

    /** {@code to} = ones in the lanes of 32 bits where a and b are as the predicate says, else zeros; 256 bits alone. */
    public void vcmpps(int to, int a, Address b, int predicate) {
        memory(256, 0xc2, MAP_0F, PREFIX_NONE, to, a, b);
        bytes(predicate);
    }

    /** The same with a register. */
    public void vcmpps(int to, int a, int b, int predicate) {
        registers(256, 0xc2, MAP_0F, PREFIX_NONE, false, to, a, b);
        bytes(predicate);
    }

    /** {@code to} = the signs of lanes of 32 bits, a bit each; 256 bits alone. */
    public void vmovmskps(Gpr to, int from) {
        registers(256, 0x50, MAP_0F, PREFIX_NONE, false, to.high() << 3 | to.low(), 0, from);
    }

    /** {@code to = ~a & b}; 256 bits alone. */
    public void vandnps(int to, int a, int b) {
        registers(256, 0x55, MAP_0F, PREFIX_NONE, false, to, a, b);
    }

    /** {@code to} = b where mask is negative, else a; 256 bits alone. */
    public void vblendvps(int to, int a, int b, int mask) {
        registers(256, 0x4a, MAP_0F3A, PREFIX_66, false, to, a, b);
        bytes(mask << 4);
    }

    /** {@code to} = lanes of 32 bits of a and b as such of 16 without sign, cut to their range: 128 bits of both in turn. */
    public void vpackusdw(int to, int a, int b) {
        registers(256, 0x2b, MAP_0F38, PREFIX_66, false, to, a, b);
    }

    // ------------------------------------------------------------- 512 bits: lanes that a mask register names

    /** Mask register {@code to} = the lowest 16 bits of a register. */
    public void kmovw(int to, Gpr from) {
        registers(128, 0x92, MAP_0F, PREFIX_NONE, false, to, 0, from.high() << 3 | from.low());
    }

    /** Sets the flags: zero where no lane is named. */
    public void kortestw(int mask) {
        registers(128, 0x98, MAP_0F, PREFIX_NONE, false, mask, 0, mask);
    }

    /** Mask register {@code to} = the lanes in which a and b are as the predicate says. */
    public void vcmppsToMask(int to, int a, Address b, int predicate) {
        memory(512, 0xc2, MAP_0F, PREFIX_NONE, to, a, b);
        bytes(predicate);
    }

    /** The same with a register. */
    public void vcmppsToMask(int to, int a, int b, int predicate) {
        registers(512, 0xc2, MAP_0F, PREFIX_NONE, false, to, a, b);
        bytes(predicate);
    }

    /** {@code to = from} in the lanes of a mask register. */
    public void vmovapsWhere(int mask, int to, int from) {
        int start = size;
        registers(512, 0x28, MAP_0F, PREFIX_NONE, false, to, 0, from);
        code[start + EVEX_MASK] |= (byte) mask;
    }

    /** {@code to = from} in the lanes of a mask register and 0 in the others. */
    public void vmovapsOrZero(int mask, int to, int from) {
        int start = size;
        registers(512, 0x28, MAP_0F, PREFIX_NONE, false, to, 0, from);
        code[start + EVEX_MASK] |= (byte) (0x80 | mask);
    }

    /** {@code to = [from]} in the lanes of a mask register and 0 in the others, which are not read. */
    public void vmovupsOrZero(int mask, int to, Address from) {
        int start = size;
        memory(512, 0x10, MAP_0F, PREFIX_NONE, to, 0, from);
        code[start + EVEX_MASK] |= (byte) (0x80 | mask);
    }

    // ------------------------------------------------------------------------- bytes, and vectors of 256 bits

    /** {@code to} = the 128 bits at an address in each 128 bits. */
    public void vbroadcasti128(int to, Address from) {
        memory(bits, 0x5a, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** {@code to} = bytes of each 128 bits of from, in the order that the bytes of order name; 0 where one is negative. */
    public void vpshufb(int to, int from, int order) {
        registers(bits, 0x00, MAP_0F38, PREFIX_66, false, to, from, order);
    }

    /** All bytes are the one at an address. */
    public void vpbroadcastb(int to, Address from) {
        memory(bits, 0x78, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** {@code to = a + b}, bytes. */
    public void vpaddb(int to, int a, int b) {
        registers(bits, 0xfc, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = the lower bytes of each 128 bits, one of a and one of b in turn. */
    public void vpunpcklbw(int to, int a, int b) {
        registers(bits, 0x60, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = the upper ones. */
    public void vpunpckhbw(int to, int a, int b) {
        registers(bits, 0x68, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** Bytes without sign to 16 bits. */
    public void vpmovzxbw(int to, Address from) {
        memory(256, 0x30, MAP_0F38, PREFIX_66, to, 0, from);
    }

    /** {@code to} = the lower lanes of 16 bits of each 128 bits, one of a and one of b in turn. */
    public void vpunpcklwd(int to, int a, int b) {
        registers(256, 0x61, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = the upper ones. */
    public void vpunpckhwd(int to, int a, int b) {
        registers(256, 0x69, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** To lanes of 32 bits: sums of two products of lanes of 16 bits with their sign. */
    public void vpmaddwd(int to, int a, int b) {
        registers(256, 0xf5, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** The same with what is at an address. */
    public void vpmaddwd(int to, int a, Address b) {
        memory(256, 0xf5, MAP_0F, PREFIX_66, to, a, b);
    }

    /** {@code to = from >> count}, lanes of 32 bits with their sign; the count is the lower 64 bits of a register. */
    public void vpsradBy(int to, int from, int count) {
        registers(256, 0xe2, MAP_0F, PREFIX_66, false, to, from, count);
    }

    /** {@code to} = lanes of 32 bits of a and b as such of 16, cut to their range: 128 bits of both in turn. */
    public void vpackssdw(int to, int a, int b) {
        registers(256, 0x6b, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = lanes of 16 bits of a and b as bytes without sign, cut to their range: 128 bits of both in turn. */
    public void vpackuswb(int to, int a, int b) {
        registers(256, 0x67, MAP_0F, PREFIX_66, false, to, a, b);
    }

    /** {@code to} = lanes of 64 bits of from in another order, two bits each, the lowest lane's first. */
    public void vpermq(int to, int from, int order) {
        registers(256, 0x00, MAP_0F3A, PREFIX_66, true, to, 0, from);
        bytes(order);
    }

    /** {@code to} = two halves of a and b: 0x20 for the lower ones of both, 0x31 for the upper. */
    public void vperm2f128(int to, int a, int b, int order) {
        registers(256, 0x06, MAP_0F3A, PREFIX_66, false, to, a, b);
        bytes(order);
    }

    /** What code of SSE would wait for. */
    public void vzeroupper() {
        bytes(0xc5, 0xf8, 0x77);
    }

    // ----------------------------------------------------------------------------------------------------- tiles

    /** Takes the shapes of tiles from 64 bytes at an address: AMX. */
    public void ldtilecfg(Address from) {
        memory(128, 0x49, MAP_0F38, PREFIX_NONE, 0, 0, from);
    }

    /** Gives all tiles up. */
    public void tilerelease() {
        registers(128, 0x49, MAP_0F38, PREFIX_NONE, false, 0, 0, 0);
    }

    /** {@code tile = 0}. */
    public void tilezero(int tile) {
        registers(128, 0x49, MAP_0F38, PREFIX_F2, false, tile, 0, 0);
    }

    /** A tile from rows in memory; the address's index is the distance between them. */
    public void tileloadd(int tile, Address from) {
        memory(128, 0x4b, MAP_0F38, PREFIX_F2, tile, 0, from);
    }

    /** A tile to rows in memory. */
    public void tilestored(Address to, int tile) {
        memory(128, 0x4b, MAP_0F38, PREFIX_F3, tile, 0, to);
    }

    /** Tiles: {@code to (M, N) += a (M, K) b (K, N)}, of pairs of bfloat16: b as (K / 2, N, 2). */
    public void tdpbf16ps(int to, int a, int b) {
        registers(128, 0x5c, MAP_0F38, PREFIX_F3, false, to, b, a);
    }

    // ------------------------------------------------------------------------------------------------- encodings

    private void registers(int width, int op, int map, int prefix, boolean wide, int reg, int second, int rm) {
        boolean evex = width == 512 || reg > 15 || second > 15 || rm > 15;
        prefix(evex, width, map, prefix, wide, reg, second, rm >> 3 & 1, rm >> 4 & 1, false);
        bytes(op, 0xc0 | (reg & 7) << 3 | rm & 7);
    }

    private void memory(int width, int op, int map, int prefix, int reg, int second, Address at) {
        memory(width, op, map, prefix, reg, second, at, false);
    }

    /** @param broadcast whether all lanes get what is at the address: 512 bits alone */
    private void memory(int width, int op, int map, int prefix, int reg, int second, Address at, boolean broadcast) {
        boolean evex = width == 512 || reg > 15;
        prefix(evex, width, map, prefix, false, reg, second, at.baseHigh(), at.indexHigh(), broadcast);
        bytes(op, 0x84 | (reg & 7) << 3, at.sib()); // with a scaled index and 32 bits of displacement
        word(at.displacement());
    }

    /** Registers' upper bits are stored inverted. EVEX below 512 bits needs AVX512VL. */
    private void prefix(
            boolean evex,
            int width,
            int map,
            int prefix,
            boolean wide,
            int reg,
            int second,
            int b,
            int x,
            boolean broadcast) {
        int length = width >> 8; // 0, 1, 2 for 128, 256, 512 bits
        int w = wide ? 0x80 : 0;
        int rxb = ((reg >> 3 & 1 ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5);
        int vvvv = (~second & 15) << 3;
        if (evex) {
            bytes(
                    0x62,
                    rxb | (reg >> 4 & 1 ^ 1) << 4 | map,
                    w | vvvv | 4 | prefix,
                    length << 5 | (broadcast ? 0x10 : 0) | (second >> 4 & 1 ^ 1) << 3);
        } else {
            bytes(0xc4, rxb | map, w | vvvv | length << 2 | prefix);
        }
    }
}
