package dev.fovea.io.quantize;

import static dev.fovea.tensor.LosslessMatrix.BLOCK;
import static dev.fovea.tensor.LosslessMatrix.BLOCK_BYTES;
import static dev.fovea.tensor.LosslessMatrix.GROUP;
import static dev.fovea.tensor.LosslessMatrix.RAW;

import dev.fovea.io.LosslessParts;
import dev.fovea.io.Safetensors;
import dev.fovea.io.StoredType;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A weight on its way into 12 bits: it is read twice, since the blocks that are kept as they are have to be counted before anything is
 * written; and packed some groups of rows at a time on all processors. Its bases wait in memory until the codes are written.
 */
final class PackedLossless implements PackedWeight {
    /** Rows of what is kept as it is that are written at once. */
    private static final int ROWS = 1 << 10;

    /** Of the bytes that it had, a packed weight has at most so many. */
    private static final double MOST = 0.9;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String name;
    private final Tensor weight;
    private final Form form;
    private final int kept; // blocks of a row
    private byte @Nullable [] bases;

    private PackedLossless(String name, Tensor weight, Form form, int kept) {
        this.name = name;
        this.weight = weight;
        this.form = form;
        this.kept = kept;
    }

    /** How a weight lies in groups of rows. */
    private record Form(int rows, int columns) {
        int groups() {
            return Math.ceilDiv(rows, GROUP);
        }

        /** Of a row. */
        int blocks() {
            return columns / BLOCK;
        }

        /** Of a group of rows. */
        int bytes() {
            return blocks() * BLOCK_BYTES;
        }

        int rows(int group) {
            return Math.min(GROUP, rows - group * GROUP);
        }
    }

    /** Empty for a weight that is not in bfloat16 or has no whole blocks, and for one of which too many have to be kept as they are. */
    static Optional<PackedLossless> of(String name, Tensor weight) {
        if (weight.dtype() != DType.BFLOAT16
                || !LosslessMatrix.holds(weight.dim(1))
                || weight.shape().size() == 0) {
            return Optional.empty();
        }
        Form form = new Form(weight.dim(0), weight.dim(1));
        int kept = kept(weight, form);
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(form.rows, form.columns);
        long bytes = shapes.codes().size() + shapes.bases().size() + (long) kept * BLOCK * Short.BYTES;
        return bytes > MOST * weight.bytes()
                ? Optional.empty()
                : Optional.of(new PackedLossless(name, weight, form, kept));
    }

    private static int kept(Tensor weight, Form form) {
        return IntStream.range(0, form.groups())
                .parallel()
                .map(group -> {
                    short[] bits = read(weight, form, group);
                    return (int) IntStream.range(0, bits.length / BLOCK)
                            .filter(i -> LosslessPacker.base(bits, i * BLOCK) == RAW)
                            .count();
                })
                .sum();
    }

    /** The rows of a group. */
    private static short[] read(Tensor weight, Form form, int group) {
        short[] bits = new short[form.rows(group) * form.columns];
        long at = weight.offset() + (long) group * GROUP * form.columns;
        MemorySegment.copy(weight.memory(), SHORT, at * Short.BYTES, bits, 0, bits.length);
        return bits;
    }

    @Override
    public Map<String, Safetensors.Part> parts() {
        LosslessMatrix.Shapes shapes = LosslessMatrix.shapes(form.rows, form.columns);
        Shape rest = Shape.of(Math.max(1, kept), BLOCK);
        Map<String, Safetensors.Part> parts = new LinkedHashMap<>();
        parts.put(name + LosslessParts.CODES, PackedWeight.part(StoredType.U8, shapes.codes(), this::pack));
        parts.put(
                name + LosslessParts.BASES,
                PackedWeight.part(StoredType.U8, shapes.bases(), out -> out.write(Objects.requireNonNull(bases))));
        parts.put(name + LosslessParts.RAW, PackedWeight.part(StoredType.BF16, rest, this::writeRaw));
        return parts;
    }

    private void pack(OutputStream out) throws IOException {
        byte[] all = new byte[form.groups() * form.blocks() * GROUP];
        int batch = Math.clamp(BATCH_BYTES / form.bytes(), 1, form.groups());
        byte[] codes = new byte[batch * form.bytes()];
        ByteBuffer words = ByteBuffer.wrap(codes).order(ByteOrder.LITTLE_ENDIAN);
        int row = 0;
        for (int first = 0; first < form.groups(); first += batch) {
            int from = first;
            int count = Math.min(batch, form.groups() - first);
            Arrays.fill(codes, (byte) 0);
            IntStream.range(0, count).parallel().forEach(g -> pack(from + g, codes, g * form.bytes(), all));
            int at = first * form.blocks() * GROUP;
            for (int i = 0; i < count * form.blocks() * GROUP; i++) {
                if (all[at + i] == (byte) RAW) {
                    words.putInt(i / GROUP * BLOCK_BYTES + LosslessMatrix.lowerAt(i % GROUP), row++);
                }
            }
            out.write(codes, 0, count * form.bytes());
        }
        if (row != kept) {
            throw new IOException(name + " changed while it was read");
        }
        bases = all;
    }

    private void pack(int group, byte[] codes, int to, byte[] all) {
        short[] bits = read(weight, form, group);
        for (int b = 0; b < form.blocks(); b++) {
            int at = (group * form.blocks() + b) * GROUP;
            for (int i = 0; i < form.rows(group); i++) {
                int from = i * form.columns + b * BLOCK;
                all[at + i] = (byte) LosslessPacker.pack(bits, from, i, codes, to + b * BLOCK_BYTES);
            }
        }
    }

    private void writeRaw(OutputStream out) throws IOException {
        byte[] all = Objects.requireNonNull(bases);
        bases = null;
        byte[] rows = new byte[Math.clamp(kept, 1, ROWS) * BLOCK * Short.BYTES];
        int held = kept == 0 ? rows.length : 0; // zeros, in the one row that there is always
        for (int i = 0; i < all.length; i++) {
            if (all[i] == (byte) RAW) {
                int group = i / GROUP / form.blocks();
                long row = (long) group * GROUP + i % GROUP;
                long at = weight.offset() + row * form.columns + (long) (i / GROUP % form.blocks()) * BLOCK;
                int count = BLOCK * Short.BYTES;
                MemorySegment.copy(weight.memory(), ValueLayout.JAVA_BYTE, at * Short.BYTES, rows, held, count);
                held += count;
                if (held == rows.length) {
                    out.write(rows);
                    held = 0;
                }
            }
        }
        out.write(rows, 0, held);
    }
}
