package dev.fovea.backend.cpu.rows;

import static dev.fovea.backend.cpu.rows.Lanes.INT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static dev.fovea.backend.cpu.rows.Lanes.SHORT;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Values from one place to another: strided copies, casts, rows by number. */
public final class Movement {
    private static final int PIECE_BYTES = 1 << 17;

    /** Side of the squares in which a transposition goes: 16 values of 4 bytes are one cache line. */
    private static final int TILE = 16;

    private final Workers workers;

    public Movement(Workers workers) {
        this.workers = workers;
    }

    private static void copyBytes(long from, long to, long bytes) {
        MemorySegment.copy(MEMORY, from, MEMORY, to, bytes);
    }

    /** A densely packed run of bytes. */
    public void bytes(long from, long to, long bytes) {
        int pieces = Math.toIntExact(Math.ceilDiv(bytes, PIECE_BYTES));
        workers.run(pieces, i -> {
            long start = (long) i * PIECE_BYTES;
            copyBytes(from + start, to + start, Math.min(PIECE_BYTES, bytes - start));
        });
    }

    /** Rows of source to rows {@code to(i)} of target, of the same dtype. */
    public void gather(Rows table, int[] ids, Rows out) {
        long bytes = (long) table.width() * table.dtype().bytes();
        workers.blocks(ids.length, rowsPerPiece(bytes), (from, to) -> {
            float[] row = new float[Lanes.padded(table.width())];
            for (int i = from; i < to; i++) {
                if (table.dtype() == out.dtype()) {
                    copyBytes(table.row(ids[i]), out.row(i), bytes);
                } else {
                    table.load(ids[i], row);
                    out.store(row, i);
                }
            }
        });
    }

    /** One after another, because an id may come twice: then the last one stays. */
    public void scatter(Rows source, int[] ids, Rows target) {
        long bytes = (long) source.width() * source.dtype().bytes();
        for (int i = 0; i < ids.length; i++) {
            copyBytes(source.row(i), target.row(ids[i]), bytes);
        }
    }

    private static int rowsPerPiece(long bytes) {
        return (int) Math.max(1, PIECE_BYTES / Math.max(1, bytes));
    }

    // ------------------------------------------------------------------------------------------- strided copies

    /** Packs a view densely, in its own dtype. */
    public void pack(Tensor x, Tensor out) {
        if (x.shape().size() == 0) {
            return;
        }
        Layout layout = Layout.of(x);
        long from = Rows.address(x);
        long to = Rows.address(out);
        if (layout.rank() == 1 && layout.stride(0) == 1) {
            bytes(from, to, layout.dim(0) * (long) layout.bytes);
            return;
        }
        int unit = layout.unitAxis();
        int last = layout.rank() - 1;
        int outer = layout.outer(unit);
        long inner = layout.size() / outer;
        workers.blocks(outer, rowsPerPiece(inner * layout.bytes), (first, end) -> {
            for (int i = first; i < end; i++) {
                long[] at = layout.locate(i, unit);
                if (unit == last) {
                    copyBytes(from + at[0], to + at[1], (long) layout.dim(last) * layout.bytes);
                } else {
                    transpose(from + at[0], to + at[1], layout, unit);
                }
            }
        });
    }

    /** The plane of two axes: dense along one in the source, along the last one in the target. */
    private static void transpose(long from, long to, Layout layout, int unit) {
        int last = layout.rank() - 1;
        long sourceStep = layout.stride(last) * layout.bytes;
        long targetStep = unit < 0 ? 0 : layout.dense(unit) * layout.bytes;
        long unitStep = layout.bytes;
        int height = unit < 0 ? 1 : layout.dim(unit);
        int width = layout.dim(last);
        for (int y = 0; y < height; y += TILE) {
            for (int x = 0; x < width; x += TILE) {
                int yEnd = Math.min(height, y + TILE);
                int xEnd = Math.min(width, x + TILE);
                for (int row = y; row < yEnd; row++) {
                    elements(
                            from + row * unitStep + x * sourceStep,
                            sourceStep,
                            to + row * targetStep + (long) x * layout.bytes,
                            xEnd - x,
                            layout.bytes);
                }
            }
        }
    }

    private static void elements(long from, long step, long to, int n, int bytes) {
        if (bytes == 2) {
            for (int i = 0; i < n; i++) {
                MEMORY.set(SHORT, to + 2L * i, MEMORY.get(SHORT, from + i * step));
            }
        } else {
            for (int i = 0; i < n; i++) {
                MEMORY.set(INT, to + 4L * i, MEMORY.get(INT, from + i * step));
            }
        }
    }
}
