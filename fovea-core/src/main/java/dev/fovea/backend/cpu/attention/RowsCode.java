package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.products.TileShapes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;

/** Brings rows of bfloat16 near by AVX-512: a head's part of each, with zeros up to whole lines; or two rows lane by lane. */
final class RowsCode {
    private static final int LINE = TileShapes.LINE;
    private static final int MASK = 1;

    private final int width;
    private final NativeFunction copy;
    private final NativeFunction pairs;

    /** @param width values of a row, an even number */
    RowsCode(int width) {
        this.width = width;
        copy = MachineCode.nativeFunction(copyCode());
        pairs = MachineCode.nativeFunction(pairsCode());
    }

    /** Values from an address on, to rows of whole lines. */
    void copy(Rows from, long at, int count, long to) {
        copy.call(at, from.stride(), to, stride(), count, lastLine());
    }

    /**
     * Rows of {@link #copy} to half as many, of pairs of a value of two neighbours.
     *
     * @param to rows twice as wide as those that they are made of
     */
    void pairs(long from, int count, long to) {
        pairs.call(from, to, count, 0, 0, 0);
    }

    /** Bytes of a row in whole lines. */
    int stride() {
        return lines() * LINE;
    }

    private int lines() {
        return Math.ceilDiv(width * Short.BYTES, LINE);
    }

    /** Words of a row's last line, a bit each. */
    private long lastLine() {
        int words = width / 2 - (lines() - 1) * LINE / Integer.BYTES;
        return (1L << words) - 1;
    }

    private byte[] copyCode() {
        Assembler a = new Assembler(512);
        a.kmovw(MASK, Gpr.R9);
        int row = a.here();
        for (int line = 0; line < lines(); line++) {
            Address from = Address.of(Gpr.RDI, line * LINE);
            if (line + 1 < lines()) {
                a.vmovups(line % 4, from);
            } else {
                a.vmovupsOrZero(MASK, line % 4, from);
            }
            a.vmovups(Address.of(Gpr.RDX, line * LINE), line % 4);
        }
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.sub(Gpr.R8, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private byte[] pairsCode() {
        Assembler a = new Assembler(512);
        int pair = a.here();
        for (int half = 0; half < 2 * lines(); half++) {
            int at = half * LINE / 2;
            a.vpmovzxwd(0, Address.of(Gpr.RDI, at));
            a.vpmovzxwd(1, Address.of(Gpr.RDI, at + stride()));
            a.vpslld(1, 1, Short.SIZE);
            a.vpaddd(0, 0, 1);
            a.vmovups(Address.of(Gpr.RSI, half * LINE), 0);
        }
        a.add(Gpr.RDI, 2 * stride());
        a.add(Gpr.RSI, 2 * stride());
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(pair);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
