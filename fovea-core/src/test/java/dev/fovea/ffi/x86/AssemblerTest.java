package dev.fovea.ffi.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Against GNU's assembler: {@code instructions.s} beside this test's resources says how the bytes were made. */
class AssemblerTest {
    private static String bytes(int bits, Consumer<Assembler> program) {
        Assembler a = new Assembler(bits);
        program.accept(a);
        return HexFormat.ofDelimiter(" ").formatHex(a.code());
    }

    @Test
    void integers() {
        assertThat(bytes(256, a -> a.mov(Gpr.R12, Gpr.RDI))).isEqualTo("49 89 fc");
        assertThat(bytes(256, a -> a.add(Gpr.RBX, Gpr.RSI))).isEqualTo("48 01 f3");
        assertThat(bytes(256, a -> a.add(Gpr.R9, 0x12345678))).isEqualTo("49 81 c1 78 56 34 12");
        assertThat(bytes(256, a -> a.sub(Gpr.RDX, 0x12345678))).isEqualTo("48 81 ea 78 56 34 12");
        assertThat(bytes(256, a -> a.cmp(Gpr.RAX, Gpr.R8))).isEqualTo("4c 39 c0");
        assertThat(bytes(256, a -> a.clear(Gpr.RCX))).isEqualTo("48 31 c9");
        assertThat(bytes(256, a -> a.push(Gpr.R12))).isEqualTo("41 54");
        assertThat(bytes(256, a -> a.pop(Gpr.R14))).isEqualTo("41 5e");
        assertThat(bytes(256, Assembler::cpuid)).isEqualTo("0f a2");
        assertThat(bytes(256, Assembler::ret)).isEqualTo("c3");
    }

    @Test
    void jumpsGoBack() {
        assertThat(bytes(256, a -> {
                    a.ret();
                    a.jumpIfBelow(1);
                    a.jumpIfNotZero(0);
                }))
                .isEqualTo("c3 0f 82 fa ff ff ff 0f 85 f3 ff ff ff");
    }

    @Test
    void jumpsGoAhead() {
        assertThat(bytes(256, a -> {
                    int jump = a.jumpAheadIfNotZero();
                    a.ret();
                    a.land(jump);
                    a.ret();
                }))
                .isEqualTo("0f 85 01 00 00 00 c3 c3");
        assertThat(bytes(256, a -> {
                    int jump = a.jumpAheadIfBelow();
                    a.ret();
                    a.land(jump);
                }))
                .isEqualTo("0f 82 01 00 00 00 c3");
    }

    @Test
    void vectorsOf256Bits() {
        assertThat(bytes(256, a -> a.vxorps(9))).isEqualTo("c4 41 34 57 c9");
        assertThat(bytes(256, a -> a.vmovups(8, Address.indexed(Gpr.RCX, Gpr.RAX, 2))))
                .isEqualTo("c4 61 7c 10 84 81 00 00 00 00");
        assertThat(bytes(256, a -> a.vmovss(Address.of(Gpr.R9, 44), 11))).isEqualTo("c4 41 7a 11 9c 21 2c 00 00 00");
        assertThat(bytes(256, a -> a.vcvtph2ps(12, Address.indexed(Gpr.R11, Gpr.RAX, 1))))
                .isEqualTo("c4 42 7d 13 a4 43 00 00 00 00");
        assertThat(bytes(256, a -> a.vpmovzxwd(12, Address.indexed(Gpr.R11, Gpr.RAX, 1))))
                .isEqualTo("c4 42 7d 33 a4 43 00 00 00 00");
        assertThat(bytes(256, a -> a.vpslld(12, 12, 16))).isEqualTo("c4 c1 1d 72 f4 10");
        assertThat(bytes(256, a -> a.vfmadd231ps(3, 8, 12))).isEqualTo("c4 c2 3d b8 dc");
        assertThat(bytes(256, a -> a.vaddps(256, 3, 3, 8))).isEqualTo("c4 c1 64 58 d8");
        assertThat(bytes(256, a -> a.vextractUpperHalf(256, 8, 3))).isEqualTo("c4 c3 7d 19 d8 01");
        assertThat(bytes(256, a -> a.vpermilps(8, 3, 0x0e))).isEqualTo("c4 63 79 04 c3 0e");
        assertThat(bytes(256, Assembler::vzeroupper)).isEqualTo("c5 f8 77");
    }

    @Test
    void vectorsOf512Bits() {
        assertThat(bytes(512, a -> a.vxorps(9))).isEqualTo("62 51 35 48 ef c9");
        assertThat(bytes(512, a -> a.vcvtph2ps(19, Address.indexed(Gpr.R10, Gpr.RAX, 1))))
                .isEqualTo("62 c2 7d 48 13 9c 42 00 00 00 00");
        assertThat(bytes(512, a -> a.vpmovzxwd(19, Address.indexed(Gpr.R10, Gpr.RAX, 1))))
                .isEqualTo("62 c2 7d 48 33 9c 42 00 00 00 00");
        assertThat(bytes(512, a -> a.vpslld(19, 19, 16))).isEqualTo("62 b1 65 40 72 f3 10");
        assertThat(bytes(512, a -> a.vmovups(20, Address.indexed(Gpr.R14, Gpr.RAX, 2))))
                .isEqualTo("62 c1 7c 48 10 a4 86 00 00 00 00");
        assertThat(bytes(512, a -> a.vfmadd231ps(15, 20, 19))).isEqualTo("62 32 5d 40 b8 fb");
        assertThat(bytes(512, a -> a.vextractUpperHalf(512, 16, 15))).isEqualTo("62 33 fd 48 1b f8 01");
        assertThat(bytes(512, a -> a.vaddps(256, 15, 15, 16))).isEqualTo("62 31 04 28 58 f8");
        assertThat(bytes(512, a -> a.vpermilps(16, 15, 1))).isEqualTo("62 c3 7d 08 04 c7 01");
        assertThat(bytes(512, a -> a.vmovss(Address.of(Gpr.R9, 60), 17))).isEqualTo("62 c1 7e 08 11 8c 21 3c 00 00 00");
    }

    @Test
    void whatQuantisedWeightsNeed() {
        assertThat(bytes(512, a -> a.vcvtne2ps2bf16(7, 8, 7))).isEqualTo("62 f2 3f 48 72 ff");
        assertThat(bytes(512, a -> a.vpermw(19, 2, 7))).isEqualTo("62 e2 ed 48 8d df");
        assertThat(bytes(512, a -> a.vpslld(7, 6, 16))).isEqualTo("62 f1 45 48 72 f6 10");
        assertThat(bytes(512, a -> a.vpsrad(17, 7, 24))).isEqualTo("62 f1 75 40 72 e7 18");
        assertThat(bytes(512, a -> a.vpsrld(8, 6, 28))).isEqualTo("62 f1 3d 48 72 d6 1c");
        assertThat(bytes(512, a -> a.vpsraw(13, 12, 8))).isEqualTo("62 d1 15 48 71 e4 08");
        assertThat(bytes(512, a -> a.vpsllw(12, 12, 8))).isEqualTo("62 d1 1d 48 71 f4 08");
        assertThat(bytes(512, a -> a.vmulps(14, 14, 17))).isEqualTo("62 31 0c 48 59 f1");
        assertThat(bytes(512, a -> a.vpaddd(4, 4, 5))).isEqualTo("62 f1 5d 48 fe e5");
        assertThat(bytes(512, a -> a.vpandd(17, 6, 0))).isEqualTo("62 e1 4d 48 db c8");
        assertThat(bytes(512, a -> a.vcvtdq2ps(20, 4))).isEqualTo("62 e1 7c 48 5b e4");
        assertThat(bytes(512, a -> a.vpmovzxbd(14, Address.indexed(Gpr.RDX, Gpr.RCX, 0))))
                .isEqualTo("62 72 7d 48 31 b4 0a 00 00 00 00");
        assertThat(bytes(512, a -> a.vpbroadcastd(17, Address.indexed(Gpr.R9, Gpr.RAX, 2))))
                .isEqualTo("62 c2 7d 48 58 8c 81 00 00 00 00");
        assertThat(bytes(512, a -> a.vpdpbusd(4, 12, Address.indexed(Gpr.RAX, Gpr.R10, 1))))
                .isEqualTo("62 b2 1d 58 50 a4 50 00 00 00 00");
        assertThat(bytes(512, a -> a.vpdpwssd(20, 12, Address.indexed(Gpr.RAX, Gpr.R10, 1))))
                .isEqualTo("62 a2 1d 58 52 a4 50 00 00 00 00");
        assertThat(bytes(512, a -> a.vmulpsOfAll(18, 14, Address.indexed(Gpr.R8, Gpr.RCX, 0))))
                .isEqualTo("62 c1 0c 58 59 94 08 00 00 00 00");
        assertThat(bytes(512, a -> a.vfmadd231psOfAll(4, 15, Address.indexed(Gpr.RAX, Gpr.RCX, 3))))
                .isEqualTo("62 f2 05 58 b8 a4 c8 00 00 00 00");
        assertThat(bytes(512, a -> a.prefetcht0(Address.indexed(Gpr.R8, Gpr.RAX, 0))))
                .isEqualTo("41 0f 18 8c 00 00 00 00 00");
        assertThat(bytes(512, a -> a.prefetcht1(Address.indexed(Gpr.R8, Gpr.RAX, 0))))
                .isEqualTo("41 0f 18 94 00 00 00 00 00");
        assertThat(bytes(512, a -> a.load(Gpr.R11, Address.indexed(Gpr.R9, Gpr.RCX, 0))))
                .isEqualTo("4d 8b 9c 09 00 00 00 00");
    }

    @Test
    void whatTurnsResults() {
        assertThat(bytes(512, a -> a.vaddpsOfAll(19, 14, Address.indexed(Gpr.RSI, Gpr.RCX, 0))))
                .isEqualTo("62 e1 0c 58 58 9c 0e 00 00 00 00");
        assertThat(bytes(512, a -> a.vextractQuarter(Address.indexed(Gpr.R10, Gpr.RCX, 1, 16), 7, 2)))
                .isEqualTo("62 d3 7d 48 39 bc 4a 10 00 00 00 02");
        assertThat(bytes(512, a -> a.vpunpckldq(12, 3, 8))).isEqualTo("62 51 65 48 62 e0");
        assertThat(bytes(512, a -> a.vpunpckhdq(12, 3, 8))).isEqualTo("62 51 65 48 6a e0");
        assertThat(bytes(512, a -> a.vunpcklpd(9, 2, 3))).isEqualTo("62 71 ed 48 14 cb");
        assertThat(bytes(512, a -> a.vunpckhpd(9, 2, 3))).isEqualTo("62 71 ed 48 15 cb");
    }

    @Test
    void whatRoundsRows() {
        assertThat(bytes(512, a -> a.vpmaxsd(19, 8, 7))).isEqualTo("62 e2 3d 48 3d df");
        assertThat(bytes(512, a -> a.vdivps(19, 8, 7))).isEqualTo("62 e1 3c 48 5e df");
        assertThat(bytes(512, a -> a.vcvtps2dq(19, 7))).isEqualTo("62 e1 7d 48 5b df");
        assertThat(bytes(512, a -> a.vshufi64x2(19, 8, 7, 0x4e))).isEqualTo("62 e3 bd 48 43 df 4e");
        assertThat(bytes(512, a -> a.vpshufd(19, 7, 0xd8))).isEqualTo("62 e1 7d 48 70 df d8");
        assertThat(bytes(512, a -> a.vpmovsdb(Address.indexed(Gpr.RSI, Gpr.RAX, 0), 7)))
                .isEqualTo("62 f2 7e 48 21 bc 06 00 00 00 00");
        assertThat(bytes(512, a -> a.vpmovsdw(Address.indexed(Gpr.R8, Gpr.RAX, 0), 19)))
                .isEqualTo("62 c2 7e 48 23 9c 00 00 00 00 00");
    }

    @Test
    void whatCallsFunctions() {
        assertThat(bytes(256, a -> a.call(Gpr.R11))).isEqualTo("41 ff d3");
        assertThat(bytes(256, a -> a.store(Address.indexed(Gpr.R8, Gpr.RCX, 0), Gpr.R12)))
                .isEqualTo("4d 89 a4 08 00 00 00 00");
        assertThat(bytes(256, a -> a.store(Address.indexed(Gpr.R8, Gpr.RCX, 0), Gpr.RSP)))
                .isEqualTo("49 89 a4 08 00 00 00 00");
    }

    @Test
    void whatMeetsCodesBy256Bits() {
        assertThat(bytes(256, a -> a.vpmaddubsw(12, 3, 8))).isEqualTo("c4 42 65 04 e0");
        assertThat(bytes(256, a -> a.vpaddw(12, 3, 8))).isEqualTo("c4 41 65 fd e0");
        assertThat(bytes(256, a -> a.vpandd(12, 3, 8))).isEqualTo("c4 41 65 db e0");
        assertThat(bytes(256, a -> a.vpsllw(12, 8, 8))).isEqualTo("c4 c1 1d 71 f0 08");
        assertThat(bytes(256, a -> a.vpmovzxbd(9, Address.indexed(Gpr.RDX, Gpr.RCX, 0))))
                .isEqualTo("c4 62 7d 31 8c 0a 00 00 00 00");
        assertThat(bytes(256, a -> a.vpbroadcastd(14, Address.indexed(Gpr.R10, Gpr.RAX, 0))))
                .isEqualTo("c4 42 7d 58 b4 02 00 00 00 00");
    }

    @Test
    void whatWeighsPixels() {
        assertThat(bytes(128, a -> a.vmulps(9, 1, Address.indexed(Gpr.RAX, Gpr.RCX, 0))))
                .isEqualTo("c4 61 70 59 8c 08 00 00 00 00");
        assertThat(bytes(128, a -> a.vxorps(9))).isEqualTo("c4 41 30 57 c9");
        assertThat(bytes(256, a -> a.vfmadd231ps(3, 8, Address.indexed(Gpr.R10, Gpr.RAX, 2))))
                .isEqualTo("c4 c2 3d b8 9c 82 00 00 00 00");
        assertThat(bytes(256, a -> a.vbroadcasti128(9, Address.indexed(Gpr.RAX, Gpr.RCX, 0))))
                .isEqualTo("c4 62 7d 5a 8c 08 00 00 00 00");
        assertThat(bytes(256, a -> a.vpshufb(12, 3, 8))).isEqualTo("c4 42 65 00 e0");
        assertThat(bytes(256, a -> a.vpmovzxbw(12, Address.indexed(Gpr.R10, Gpr.RAX, 0))))
                .isEqualTo("c4 42 7d 30 a4 02 00 00 00 00");
        assertThat(bytes(256, a -> a.vpunpcklwd(12, 3, 8))).isEqualTo("c4 41 65 61 e0");
        assertThat(bytes(256, a -> a.vpunpckhwd(12, 3, 8))).isEqualTo("c4 41 65 69 e0");
        assertThat(bytes(256, a -> a.vpmaddwd(12, 3, 8))).isEqualTo("c4 41 65 f5 e0");
        assertThat(bytes(256, a -> a.vpmaddwd(12, 3, Address.indexed(Gpr.RDX, Gpr.RCX, 0))))
                .isEqualTo("c4 61 65 f5 a4 0a 00 00 00 00");
        assertThat(bytes(256, a -> a.vpsradBy(12, 3, 8))).isEqualTo("c4 41 65 e2 e0");
        assertThat(bytes(256, a -> a.vpackssdw(12, 3, 8))).isEqualTo("c4 41 65 6b e0");
        assertThat(bytes(256, a -> a.vpackuswb(12, 3, 8))).isEqualTo("c4 41 65 67 e0");
        assertThat(bytes(256, a -> a.vpermq(12, 3, 0xd8))).isEqualTo("c4 63 fd 00 e3 d8");
        assertThat(bytes(256, a -> a.vpunpckldq(12, 3, 8))).isEqualTo("c4 41 65 62 e0");
        assertThat(bytes(256, a -> a.vpunpckhdq(12, 3, 8))).isEqualTo("c4 41 65 6a e0");
        assertThat(bytes(256, a -> a.vmovups(128, Address.indexed(Gpr.R8, Gpr.RCX, 0), 12)))
                .isEqualTo("c4 41 78 11 a4 08 00 00 00 00");
    }

    @Test
    void whatPanelsNeed() {
        assertThat(bytes(512, a -> a.vdpbf16ps(5, 20, 19))).isEqualTo("62 b2 5e 40 52 eb");
        assertThat(bytes(512, a -> a.vdpbf16ps(256, 5, 20, 19))).isEqualTo("62 b2 5e 20 52 eb");
        assertThat(bytes(512, a -> a.vdpbf16ps(256, 5, 9, 3))).isEqualTo("62 f2 36 28 52 eb");
        assertThat(bytes(512, a -> a.vfmadd231ps(256, 3, 25, 26))).isEqualTo("62 92 35 20 b8 da");
        assertThat(bytes(256, a -> a.vunpcklpd(9, 2, 3))).isEqualTo("c4 61 6d 14 cb");
        assertThat(bytes(256, a -> a.vunpckhpd(9, 2, 3))).isEqualTo("c4 61 6d 15 cb");
        assertThat(bytes(256, a -> a.vperm2f128(3, 2, 9, 0x31))).isEqualTo("c4 c3 6d 06 d9 31");
    }

    @Test
    void whatWeightsIn12BitsNeed() {
        Address block = Address.indexed(Gpr.RBX, Gpr.RAX, 0, 64);
        Address base = Address.indexed(Gpr.RSI, Gpr.RAX, 0, 64);
        assertThat(bytes(512, a -> a.loadInt(Gpr.R11, base))).isEqualTo("44 8b 9c 06 40 00 00 00");
        assertThat(bytes(512, a -> a.add(Gpr.R10, block))).isEqualTo("4c 03 94 03 40 00 00 00");
        assertThat(bytes(512, a -> a.cmp(Gpr.R10, block))).isEqualTo("4c 3b 94 03 40 00 00 00");
        assertThat(bytes(512, a -> a.testInt(Gpr.R11, 0x80808080))).isEqualTo("41 f7 c3 80 80 80 80");
        assertThat(bytes(512, a -> a.shl(Gpr.R10, 7))).isEqualTo("49 c1 e2 07");
        assertThat(bytes(256, a -> a.vpsrlw(12, 8, 4))).isEqualTo("c4 c1 1d 71 d0 04");
        assertThat(bytes(512, a -> a.vpsrlw(20, 3, 4))).isEqualTo("62 f1 5d 40 71 d3 04");
        assertThat(bytes(512, a -> a.vbroadcasti128(20, Address.indexed(Gpr.R10, Gpr.RAX, 0, 64))))
                .isEqualTo("62 c2 7d 48 5a a4 02 40 00 00 00");
        assertThat(bytes(512, a -> a.vpshufb(9, 20, 3))).isEqualTo("62 72 5d 40 00 cb");
        assertThat(bytes(256, a -> a.vpbroadcastb(9, base))).isEqualTo("c4 62 7d 78 8c 06 40 00 00 00");
        assertThat(bytes(512, a -> a.vpbroadcastb(20, base))).isEqualTo("62 e2 7d 48 78 a4 06 40 00 00 00");
        assertThat(bytes(256, a -> a.vpaddb(12, 3, 8))).isEqualTo("c4 41 65 fc e0");
        assertThat(bytes(512, a -> a.vpaddb(9, 20, 3))).isEqualTo("62 71 5d 40 fc cb");
        assertThat(bytes(256, a -> a.vpunpcklbw(12, 3, 8))).isEqualTo("c4 41 65 60 e0");
        assertThat(bytes(512, a -> a.vpunpcklbw(9, 20, 3))).isEqualTo("62 71 5d 40 60 cb");
        assertThat(bytes(256, a -> a.vpunpckhbw(12, 3, 8))).isEqualTo("c4 41 65 68 e0");
        assertThat(bytes(512, a -> a.vpunpckhbw(9, 20, 3))).isEqualTo("62 71 5d 40 68 cb");
        assertThat(bytes(256, a -> {
                    int jump = a.jumpAhead();
                    a.ret();
                    a.land(jump);
                    a.jump(5);
                }))
                .isEqualTo("e9 01 00 00 00 c3 e9 fa ff ff ff");
    }

    @Test
    void tiles() {
        assertThat(bytes(512, a -> a.ldtilecfg(Address.indexed(Gpr.R9, Gpr.RAX, 0))))
                .isEqualTo("c4 c2 78 49 84 01 00 00 00 00");
        assertThat(bytes(512, Assembler::tilerelease)).isEqualTo("c4 e2 78 49 c0");
        assertThat(bytes(512, a -> a.tileloadd(5, Address.indexed(Gpr.RAX, Gpr.R10, 0))))
                .isEqualTo("c4 a2 7b 4b ac 10 00 00 00 00");
        assertThat(bytes(512, a -> a.tilestored(Address.indexed(Gpr.R11, Gpr.RCX, 0, 64), 3)))
                .isEqualTo("c4 c2 7a 4b 9c 0b 40 00 00 00");
        assertThat(bytes(512, a -> a.tdpbf16ps(3, 5, 6))).isEqualTo("c4 e2 4a 5c dd");
    }

    @Test
    void lanesThatAMaskNames() {
        assertThat(bytes(512, a -> a.kmovw(1, Gpr.RAX))).isEqualTo("c4 e1 78 92 c8");
        assertThat(bytes(512, a -> a.kmovw(2, Gpr.R9))).isEqualTo("c4 c1 78 92 d1");
        assertThat(bytes(512, a -> a.kortestw(1))).isEqualTo("c4 e1 78 98 c9");
        assertThat(bytes(512, a -> a.vcmppsToMask(1, 9, 20, 0x0e))).isEqualTo("62 b1 34 48 c2 cc 0e");
        assertThat(bytes(512, a -> a.vmovapsWhere(1, 7, 19))).isEqualTo("62 b1 7c 49 28 fb");
        assertThat(bytes(512, a -> a.vmovupsOrZero(2, 17, Address.indexed(Gpr.RDI, Gpr.RAX, 0, 64))))
                .isEqualTo("62 e1 7c ca 10 8c 07 40 00 00 00");
    }

    @Test
    void whatNarrowsToFloat16() {
        assertThat(bytes(512, a -> a.vcvtps2ph(7, 19))).isEqualTo("62 e3 7d 48 1d df 00");
        assertThat(bytes(512, a -> a.vpmovzxwd(7, 19))).isEqualTo("62 b2 7d 48 33 fb");
    }

    @Test
    void whatAttentionNeeds() {
        assertThat(bytes(512, a -> a.vmaxps(9, 20, 3))).isEqualTo("62 71 5c 40 5f cb");
        assertThat(bytes(512, a -> a.vmaxps(9, 9, Address.indexed(Gpr.RCX, Gpr.RAX, 0, 128))))
                .isEqualTo("62 71 34 48 5f 8c 01 80 00 00 00");
        assertThat(bytes(512, a -> a.vsubps(9, 20, 3))).isEqualTo("62 71 5c 40 5c cb");
        assertThat(bytes(512, a -> a.vfmadd213ps(18, 2, 21))).isEqualTo("62 a2 6d 48 a8 d5");
        assertThat(bytes(512, a -> a.vmovaps(2, 21))).isEqualTo("62 b1 7c 48 28 d5");
        assertThat(bytes(512, a -> a.andOr(9, 20, 3))).isEqualTo("62 73 5d 40 25 cb ea");
        assertThat(bytes(512, a -> a.tilezero(5))).isEqualTo("c4 e2 7b 49 e8");
        assertThat(bytes(256, a -> {
                    int jump = a.jumpAheadIfZero();
                    a.ret();
                    a.land(jump);
                }))
                .isEqualTo("0f 84 01 00 00 00 c3");
    }

    @Test
    void whatRowsNeed() {
        Address table = Address.indexed(Gpr.R10, Gpr.RAX, 0, 64);
        assertThat(bytes(256, a -> a.mov(Gpr.R10, 0x123456789abcdef0L))).isEqualTo("49 ba f0 de bc 9a 78 56 34 12");
        assertThat(bytes(256, a -> a.vpandd(12, 3, table))).isEqualTo("c4 41 65 db a4 02 40 00 00 00");
        assertThat(bytes(512, a -> a.vpandd(9, 20, table))).isEqualTo("62 51 5d 40 db 8c 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vpord(12, 3, table))).isEqualTo("c4 41 65 eb a4 02 40 00 00 00");
        assertThat(bytes(512, a -> a.vpord(9, 20, table))).isEqualTo("62 51 5d 40 eb 8c 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vpaddd(12, 3, table))).isEqualTo("c4 41 65 fe a4 02 40 00 00 00");
        assertThat(bytes(512, a -> a.vpaddd(9, 20, table))).isEqualTo("62 51 5d 40 fe 8c 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vminps(12, 3, 8))).isEqualTo("c4 41 64 5d e0");
        assertThat(bytes(512, a -> a.vminps(9, 20, 3))).isEqualTo("62 71 5c 40 5d cb");
        assertThat(bytes(256, a -> a.vsubps(12, 3, table))).isEqualTo("c4 41 64 5c a4 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vaddps(12, 3, table))).isEqualTo("c4 41 64 58 a4 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vfmadd213ps(12, 3, table))).isEqualTo("c4 42 65 a8 a4 02 40 00 00 00");
        assertThat(bytes(256, a -> a.vpbroadcastd(12, 8))).isEqualTo("c4 42 7d 58 e0");
        assertThat(bytes(512, a -> a.vpbroadcastd(20, 3))).isEqualTo("62 e2 7d 48 58 e3");
        assertThat(bytes(256, a -> a.vcvtph2ps(12, 8))).isEqualTo("c4 42 7d 13 e0");
        assertThat(bytes(512, a -> a.vcvtph2ps(20, 3))).isEqualTo("62 e2 7d 48 13 e3");
        assertThat(bytes(256, a -> a.vpackusdw(12, 3, 8))).isEqualTo("c4 42 65 2b e0");
        assertThat(bytes(512, a -> a.vpmovdw(Address.indexed(Gpr.RDX, Gpr.RAX, 1, 64), 19)))
                .isEqualTo("62 e2 7e 48 33 9c 42 40 00 00 00");
    }

    @Test
    void theLowestLane() {
        assertThat(bytes(256, a -> a.vmovss(9, Address.indexed(Gpr.RAX, Gpr.RCX, 0, 4))))
                .isEqualTo("c4 61 7a 10 8c 08 04 00 00 00");
        assertThat(bytes(256, a -> a.vmovd(11, Gpr.R9))).isEqualTo("c4 41 79 6e d9");
        assertThat(bytes(256, a -> a.vmovd(Gpr.RAX, 11))).isEqualTo("c4 61 79 7e d8");
        assertThat(bytes(256, a -> a.vaddss(12, 3, 8))).isEqualTo("c4 41 62 58 e0");
        assertThat(bytes(256, a -> a.vdivss(12, 3, 8))).isEqualTo("c4 41 62 5e e0");
        assertThat(bytes(256, a -> a.vdivsd(12, 3, 8))).isEqualTo("c4 41 63 5e e0");
        assertThat(bytes(256, a -> a.vsqrtsd(12, 8))).isEqualTo("c4 41 3b 51 e0");
        assertThat(bytes(256, a -> a.vcvtss2sd(12, 8))).isEqualTo("c4 41 3a 5a e0");
        assertThat(bytes(256, a -> a.vcvtsd2ss(12, 8))).isEqualTo("c4 41 3b 5a e0");
    }

    @Test
    void comparisons() {
        Address table = Address.indexed(Gpr.R10, Gpr.RAX, 0, 64);
        assertThat(bytes(256, a -> a.vcmpps(12, 3, table, 1))).isEqualTo("c4 41 64 c2 a4 02 40 00 00 00 01");
        assertThat(bytes(256, a -> a.vcmpps(12, 3, 8, 3))).isEqualTo("c4 41 64 c2 e0 03");
        assertThat(bytes(256, a -> a.vmovmskps(Gpr.R10, 8))).isEqualTo("c4 41 7c 50 d0");
        assertThat(bytes(256, a -> a.vandnps(12, 3, 8))).isEqualTo("c4 41 64 55 e0");
        assertThat(bytes(256, a -> a.vblendvps(12, 3, 8, 9))).isEqualTo("c4 43 65 4a e0 90");
        assertThat(bytes(512, a -> a.vcmppsToMask(1, 20, table, 5))).isEqualTo("62 d1 5c 40 c2 8c 02 40 00 00 00 05");
        assertThat(bytes(512, a -> a.vcmppsToMask(1, 20, 20, 3))).isEqualTo("62 b1 5c 40 c2 cc 03");
        assertThat(bytes(512, a -> a.vmovapsOrZero(1, 7, 19))).isEqualTo("62 b1 7c c9 28 fb");
    }

    @Test
    void refusesWhatHasNoEncoding() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Assembler(64));
        assertThatIllegalArgumentException().isThrownBy(() -> Address.indexed(Gpr.RAX, Gpr.RSP, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Address.indexed(Gpr.RAX, Gpr.RCX, 4));
    }
}
