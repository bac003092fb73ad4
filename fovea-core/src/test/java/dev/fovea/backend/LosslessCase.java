package dev.fovea.backend;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;
import static dev.fovea.tensor.LosslessMatrix.RAW;

import dev.fovea.io.quantize.LosslessPacker;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/** A weight in bfloat16, as it is and in 12 bits, for any backend. */
@SuppressWarnings("ArrayRecordComponent")
public record LosslessCase(int rows, int columns, short[] bits) {
    private static final short[] ODD = {
        0, (short) 0x8000, 1, (short) 0x8001, 0x7f, 0x80, (short) 0x80ff, 0x0100, 0x3f80, (short) 0xbf81
    };

    /** Normal values; zeros of both signs and denormals in some blocks; some that are kept as they are. */
    public static LosslessCase draw(SplittableRandom random, int rows, int columns) {
        short[] bits = new short[rows * columns];
        for (int from = 0; from < bits.length; from += BLOCK) {
            int kind = random.nextInt(8);
            for (int j = 0; j < BLOCK; j++) {
                bits[from + j] = switch (kind) {
                    case 0 -> ODD[random.nextInt(8)]; // near zero
                    case 1 -> ODD[random.nextInt(ODD.length)];
                    default -> DType.floatToBfloat16((float) random.nextGaussian() / 16);
                };
            }
        }
        return new LosslessCase(rows, columns, bits);
    }

    /** As it is, in the scope that is open. */
    public Tensor dense(Backend b) {
        return tensor(b, DType.BFLOAT16, Shape.of(rows, columns), bytes(bits));
    }

    /** In 12 bits, in the scope that is open. */
    public LosslessMatrix packed(Backend b) {
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(rows, columns);
        byte[] codes = new byte[(int) shapes.codes().size()];
        byte[] bases = new byte[(int) shapes.bases().size()];
        short[] raw = new short[Math.max(BLOCK, bits.length)];
        int kept = 0;
        int blocks = columns / BLOCK;
        for (int i = 0; i < bits.length / BLOCK; i++) {
            int n = i / blocks;
            int block = n / GROUP * blocks + i % blocks;
            int base = LosslessPacker.pack(bits, i * BLOCK, n % GROUP, codes, block * BLOCK_BYTES);
            bases[block * GROUP + n % GROUP] = (byte) base;
            if (base == RAW) {
                int at = block * BLOCK_BYTES + LosslessMatrix.lowerAt(n % GROUP);
                ByteBuffer.wrap(codes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, kept);
                System.arraycopy(bits, i * BLOCK, raw, kept * BLOCK, BLOCK);
                kept++;
            }
        }
        return new LosslessMatrix(
                rows,
                columns,
                tensor(b, DType.UINT8, shapes.codes(), codes),
                tensor(b, DType.UINT8, shapes.bases(), bases),
                tensor(b, DType.BFLOAT16, Shape.of(raw.length / BLOCK, BLOCK), bytes(raw)));
    }

    private static byte[] bytes(short[] values) {
        return MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
    }

    private static Tensor tensor(Backend b, DType dtype, Shape shape, byte[] bytes) {
        Tensor t = Scope.current(b).allocate(dtype, shape);
        b.write(MemorySegment.ofArray(bytes), t);
        return t;
    }
}
