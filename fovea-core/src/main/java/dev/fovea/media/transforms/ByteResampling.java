package dev.fovea.media.transforms;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.fovea.media.Picture;
import java.lang.foreign.MemorySegment;

/** Both passes of a {@link Resampler} in machine code. */
final class ByteResampling {
    private final Picture picture;
    private final int width;
    private final Taps rows; // of columns: which old rows a new one sees
    private final RowTaps alongRows;
    private final ColumnTaps alongColumns;
    private final byte[] out;

    private ByteResampling(Picture picture, int width, int height, Taps columns, Taps rows) {
        this.picture = picture;
        this.width = width;
        this.rows = rows;
        alongRows = new RowTaps(columns);
        alongColumns = new ColumnTaps(rows);
        out = new byte[Math.multiplyExact(3 * width, height)];
    }

    /** The picture at another size. */
    static Picture resize(Picture picture, int width, int height, Taps columns, Taps rows, boolean columnsFirst) {
        var resampling = new ByteResampling(picture, width, height, columns, rows);
        int held = columnsFirst ? picture.width() : width;
        Bands.forEach(
                picture.height(), height, 3L * held, columnsFirst ? resampling::columnsFirst : resampling::rowsFirst);
        return new Picture(width, height, resampling.out);
    }

    private void rowsFirst(int from, int to) {
        long readable = Scratch.aligned(alongRows.readable(picture.width()));
        long pitch = pitch(width);
        int first = rows.first()[from];
        int last = rows.end(to - 1);
        MemorySegment line = Scratch.bytes(readable + pitch * (last - first + alongColumns.readable() + 1));
        MemorySegment made = line.asSlice(readable + pitch);
        for (int y = first; y < last; y++) {
            copyIn(y, line);
            alongRows.weigh(line, made.asSlice((y - first) * pitch));
        }
        MemorySegment row = line.asSlice(readable, pitch);
        for (int y = from; y < to; y++) {
            alongColumns.weigh(y, made.asSlice((rows.first()[y] - first) * pitch), pitch, row, 3L * width);
            copyOut(row, y);
        }
    }

    private void columnsFirst(int from, int to) {
        long pitch = Scratch.aligned(Math.max(pitch(picture.width()), alongRows.readable(picture.width())));
        int first = rows.first()[from];
        int last = rows.end(to - 1);
        long lines = pitch + pitch(width);
        MemorySegment line = Scratch.bytes(lines + pitch * (last - first + alongColumns.readable()));
        MemorySegment old = line.asSlice(lines);
        for (int y = first; y < last; y++) {
            copyIn(y, old.asSlice((y - first) * pitch));
        }
        MemorySegment row = line.asSlice(pitch, pitch(width));
        for (int y = from; y < to; y++) {
            alongColumns.weigh(y, old.asSlice((rows.first()[y] - first) * pitch), pitch, line, 3L * picture.width());
            alongRows.weigh(line, row);
            copyOut(row, y);
        }
    }

    /** Of rows of so many pixels, which are written and read in whole vectors. */
    private static long pitch(int pixels) {
        return Scratch.aligned(3L * pixels + RowTaps.SLACK);
    }

    private void copyIn(int y, MemorySegment to) {
        int bytes = 3 * picture.width();
        MemorySegment.copy(picture.rgb(), y * bytes, to, JAVA_BYTE, 0, bytes);
    }

    private void copyOut(MemorySegment row, int y) {
        MemorySegment.copy(row, JAVA_BYTE, 0, out, y * 3 * width, 3 * width);
    }
}
