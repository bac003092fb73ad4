package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Rows;
import org.jspecify.annotations.Nullable;

/**
 * Products of many rows by {@link ProductCode} or {@link TileCode}. x is packed once; then each thread brings a part of the weight
 * near, some outputs and some of K at a time, and lets all rows of x pass it. Calls take turns.
 */
final class PackedProducts {
    /** Outputs of a piece, at least: a multiple of all groups but those of tiles. */
    private static final int LEAST_OUTPUTS = 24;

    /** Pieces for each thread, where there are outputs enough, so that none waits long for the last. */
    private static final int PIECES = 4;

    /** Words of x that vectors pack at once: as many as stay in the first-level cache. */
    private static final int PACKED_WORDS = 256;

    /** Bytes of packed x, at most: of vectors no more than twice those of the weight, if that is more than the lesser. */
    private static final long PACKED_BYTES = 1L << 26;

    private static final long LEAST_PACKED_BYTES = 1L << 22;

    private final Workers workers;
    private final ProductCode.Arithmetic form;
    private final Packing packing;
    private final Piece.Kernels kernels;
    private final Buffer packed = new Buffer();

    /** @param widening what makes float32 of the other dtypes */
    PackedProducts(Workers workers, ProductCode.Arithmetic form, DotCode widening) {
        this.workers = workers;
        this.form = form;
        kernels = Piece.Kernels.of(form, widening);
        packing = kernels.packing();
    }

    /** @throws IllegalArgumentException for a weight that the form does not take */
    synchronized void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        packing.check(w);
        int words = packing.words(w.inputs());
        int strip = strip(x.count(), words, w);
        for (int row = 0; row < x.count(); row += strip) {
            multiply(x.part(row, strip), words, w, bias, out.part(row, strip));
        }
    }

    /**
     * Rows of x that are packed at once. All of them meet some outputs before the next, so those of a small weight should stay in a
     * cache meanwhile; a large one costs more to read again.
     */
    private int strip(int rows, int words, Weight w) {
        long rowBytes = (long) words * Float.BYTES;
        long weightBytes = (long) w.outputs() * w.inputs() * w.dtype().bytes();
        long bytes = form.tiles() ? PACKED_BYTES : Math.clamp(2 * weightBytes, LEAST_PACKED_BYTES, PACKED_BYTES);
        int most = (int) Math.max(1, bytes / rowBytes / form.block.rows()) * form.block.rows();
        return form.tiles() ? most : Math.ceilDiv(Math.ceilDiv(rows, Math.ceilDiv(rows, most)), form.rows) * form.rows;
    }

    private void multiply(Rows x, int words, Weight w, @Nullable Rows bias, Rows out) {
        int panels = Math.ceilDiv(x.count(), form.rows);
        long wide = (long) form.rows * Float.BYTES;
        long panelBytes = words * wide;
        long at = packed.bytes(panels * panelBytes);
        int part = form.tiles() ? form.words : PACKED_WORDS;
        int parts = Math.ceilDiv(words, part);
        workers.run(panels * parts, i -> {
            int word = i % parts * part;
            long to = at + i / parts * panelBytes + word * wide;
            packing.x(x, i / parts * form.rows, word, Math.min(part, words - word), to);
        });
        int mostPanels = form.block.rows() / form.rows;
        int rowPieces = Math.ceilDiv(panels, mostPanels);
        int perPiece = form.tiles() ? Math.min(panels, mostPanels) : Math.ceilDiv(panels, rowPieces);
        Cut cut = cut(w.outputs(), rowPieces);
        workers.run(cut.pieces() * rowPieces, i -> {
            int first = cut.first(i / rowPieces);
            int panel = i % rowPieces * perPiece;
            Piece piece = new Piece(
                    kernels,
                    first,
                    cut.first(i / rowPieces + 1) - first,
                    at + panel * panelBytes,
                    words,
                    Math.min(perPiece, panels - panel));
            int next = cut.first((i + workers.count()) / rowPieces);
            piece.run(w, bias, out.part(panel * form.rows, perPiece * form.rows), next);
        });
    }

    /**
     * Outputs in pieces: large ones, and behind those small ones, so that all threads end at about the same time.
     *
     * @param large outputs of a large piece
     * @param count of large pieces
     * @param small outputs of a small one
     */
    private record Cut(int outputs, int large, int count, int small) {
        int pieces() {
            return count + Math.ceilDiv(outputs - count * large, small);
        }

        /** Of a piece; all outputs from behind the last one on. */
        int first(int piece) {
            int before = Math.min(piece, count);
            return Math.min(outputs, before * large + (piece - before) * small);
        }
    }

    /** Tiles have no small pieces, which would bring more of x near for each output. */
    private Cut cut(int outputs, int rowPieces) {
        int large = outputs(outputs * (long) rowPieces);
        if (form.tiles()) {
            return new Cut(outputs, large, 0, large);
        }
        int count = outputs / large;
        while (count * rowPieces % workers.count() != 0) {
            count--;
        }
        return new Cut(outputs, large, count, LEAST_OUTPUTS);
    }

    /** Of a piece. */
    private int outputs(long all) {
        int least = Math.max(LEAST_OUTPUTS, form.outputs);
        long shared = Math.ceilDiv(all, (long) PIECES * workers.count());
        return Math.ceilDiv((int) Math.min(shared, form.block.outputs()), least) * least;
    }
}
