package dev.fovea.media.transforms;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.fovea.media.Picture;
import java.lang.foreign.MemorySegment;

/** Both passes of {@link FloatResampler} in machine code. */
final class FloatResampling {
    private final Picture picture;
    private final int width;
    private final FloatAxis rows;
    private final FloatTaps alongRows;
    private final FloatTaps alongColumns;

    private FloatResampling(Picture picture, int width, int height) {
        this.picture = picture;
        this.width = width;
        rows = FloatAxis.of(picture.height(), height);
        alongRows = new FloatTaps(FloatAxis.of(picture.width(), width));
        alongColumns = new FloatTaps(rows);
    }

    /** Takes a new row, whose memory is used again for the next one. */
    private interface Row {
        void take(int y, MemorySegment values);
    }

    /** See {@link FloatResampler#bicubic}. */
    static float[] resize(Picture picture, int width, int height) {
        int row = 3 * width;
        float[] out = new float[Math.multiplyExact(row, height)];
        new FloatResampling(picture, width, height)
                .forRows(false, (y, made) -> MemorySegment.copy(made, JAVA_FLOAT_UNALIGNED, 0, out, y * row, row));
        return out;
    }

    /** See {@link FloatResampler#bicubicBytes}. */
    static Picture resizeToBytes(Picture picture, int width, int height) {
        int row = 3 * width;
        byte[] out = new byte[Math.multiplyExact(row, height)];
        new FloatResampling(picture, width, height)
                .forRows(true, (y, made) -> MemorySegment.copy(made, JAVA_BYTE, 0, out, y * row, row));
        return new Picture(width, height, out);
    }

    private void forRows(boolean toBytes, Row use) {
        Bands.forEach(picture.height(), rows.size(), pitch(3 * width), (from, to) -> band(from, to, toBytes, use));
    }

    private void band(int from, int to, boolean toBytes, Row use) {
        int oldRow = 3 * picture.width();
        long line = pitch(oldRow);
        long values = pitch(oldRow + 3 * alongRows.readable());
        long pitch = pitch(3 * width);
        int first = rows.first()[from];
        int last = rows.end(to - 1);
        int behind = alongColumns.readable();
        MemorySegment bytes = Scratch.bytes(line + values + pitch * (1 + last - first + behind));
        MemorySegment old = bytes.asSlice(line, values);
        MemorySegment row = bytes.asSlice(line + values, pitch);
        MemorySegment made = bytes.asSlice(line + values + pitch);
        old.fill((byte) 0);
        made.asSlice((last - first) * pitch, behind * pitch).fill((byte) 0);
        for (int y = first; y < last; y++) {
            MemorySegment.copy(picture.rgb(), y * oldRow, bytes, JAVA_BYTE, 0, oldRow);
            FloatTaps.widen(bytes, old, oldRow);
            alongRows.weighRow(old, made.asSlice((y - first) * pitch));
        }
        for (int y = from; y < to; y++) {
            alongColumns.weighColumns(y, made, first, pitch, row, 3 * width, toBytes);
            use.take(y, row);
        }
    }

    /** Bytes for so many float32 values, in whole pieces, and one more piece. */
    private static long pitch(int values) {
        return (Math.ceilDiv(values, FloatTaps.PIECE) + 1L) * FloatTaps.PIECE * Float.BYTES;
    }
}
