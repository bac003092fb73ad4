package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;

/**
 * How machine code reads what stands beside the codes of a tile's group: scales at RDX, bytes or float32, and of codes of 4 bits
 * zero points at RCX, bytes.
 */
record CodeScales(int bits, boolean byteScales) {
    /** From a tile's scales to those of the next group. */
    int bytes() {
        return TILE * (byteScales ? 1 : Float.BYTES);
    }

    /**
     * Loads them as float32 into vector registers, scales times a factor.
     *
     * @param row of the tile, that of the lowest lane
     */
    void load(Assembler a, int row, int scale, int zero, int factor) {
        load(
                a,
                Address.of(Gpr.RDX, row * (byteScales ? 1 : Float.BYTES)),
                Address.of(Gpr.RCX, row),
                scale,
                zero,
                factor);
    }

    /** The same from where they lie. */
    void load(Assembler a, Address scales, Address zeros, int scale, int zero, int factor) {
        if (byteScales) {
            a.vpmovzxbd(scale, scales);
            a.vcvtdq2ps(scale, scale);
        } else {
            a.vmovups(scale, scales);
        }
        a.vmulps(scale, scale, factor);
        if (bits == 4) {
            a.vpmovzxbd(zero, zeros);
            a.vcvtdq2ps(zero, zero);
        }
    }
}
