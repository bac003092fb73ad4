package dev.fovea.backend.cpu.codes;

import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.tensor.QuantizedMatrix;

/** {@link CodeDot} in plain loops. */
final class PlainCodeDot {
    private PlainCodeDot() {}

    static void four(CodeDot.Tiles t, Quantized4 x) {
        four(t.codes(), t.scales(), t.blocks(), x, t.out());
        four(t.codes2(), t.scales2(), t.blocks(), x, t.out() + 4L * TILE);
    }

    private static void four(long codes, long scales, int blocks, Quantized4 x, long out) {
        for (int lane = 0; lane < TILE; lane++) {
            float sum = 0;
            for (int b = 0; b < blocks; b++) {
                int dot = dot(codes + b * (TILE * BLOCK / 2L) + 4L * lane, x.pairs() + b * (BLOCK / 2 * 4L));
                long at = 4L * (b * TILE + lane);
                float zero = MEMORY.get(FLOAT, scales + 4L * blocks * TILE + at);
                float product = Math.fma(zero, MEMORY.get(FLOAT, x.scales() + 8L * b + 4), dot);
                float scale = MEMORY.get(FLOAT, scales + at) * MEMORY.get(FLOAT, x.scales() + 8L * b);
                sum = Math.fma(product, scale, sum);
            }
            MEMORY.set(FLOAT, out + 4L * lane, sum);
        }
    }

    /** Of a row's block, modulo 2^16 for each half, whose sums fit. */
    private static int dot(long codes, long pairs) {
        int lower = 0;
        int upper = 0;
        for (int chunk = 0; chunk < BLOCK / Quantized4.CHUNK; chunk++) {
            int v = MEMORY.get(INT, codes + 4L * TILE * chunk);
            for (int i = 0; i < 4; i++) {
                int pair = MEMORY.get(INT, pairs + 4L * (4 * chunk + i));
                lower += ((v & 0xffff) >>> 4 * i) * (pair & 0xffff);
                upper += ((v >>> 16) >>> 4 * i) * (pair >>> 16);
            }
        }
        return (short) lower + (short) upper;
    }

    static void eight(CodeDot.Tiles t, long x) {
        eight(t.codes(), t.scales(), t.blocks(), x, t.out());
        eight(t.codes2(), t.scales2(), t.blocks(), x, t.out() + 4L * TILE);
    }

    private static void eight(long codes, long scales, int blocks, long x, long out) {
        for (int lane = 0; lane < TILE; lane++) {
            float sum = 0;
            for (int b = 0; b < blocks; b++) {
                float even = 0;
                float odd = 0;
                for (int k = 0; k < BLOCK; k += 4) {
                    int v = MEMORY.get(INT, codes + (b * BLOCK + k) * (long) TILE + 4L * lane);
                    long at = x + 4L * (b * BLOCK + k);
                    even = Math.fma(v << 24 >> 24, MEMORY.get(FLOAT, at), even);
                    odd = Math.fma(v << 16 >> 24, MEMORY.get(FLOAT, at + 4), odd);
                    even = Math.fma(v << 8 >> 24, MEMORY.get(FLOAT, at + 8), even);
                    odd = Math.fma(v >> 24, MEMORY.get(FLOAT, at + 12), odd);
                }
                sum = Math.fma(even + odd, MEMORY.get(FLOAT, scales + 4L * (b * TILE + lane)), sum);
            }
            MEMORY.set(FLOAT, out + 4L * lane, sum);
        }
    }

    static void scales(boolean bytes, long scales, long factors, long to) {
        for (int lane = 0; lane < TILE; lane++) {
            float scale = bytes ? Codes.byteAt(scales + lane) & 0xff : MEMORY.get(FLOAT, scales + 4L * lane);
            MEMORY.set(FLOAT, to + 4L * lane, scale * MEMORY.get(FLOAT, factors + 4L * lane));
        }
    }

    static void zeros(long zeros, long to) {
        for (int lane = 0; lane < TILE; lane++) {
            MEMORY.set(FLOAT, to + 4L * lane, (Codes.byteAt(zeros + lane) & 0xff) * -QuantizedMatrix.ZERO_UNIT);
        }
    }
}
