package dev.fovea.backend.cpu.codes;

import static dev.fovea.tensor.QuantizedMatrix.BLOCK;
import static dev.fovea.tensor.QuantizedMatrix.TILE;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of rows of x with weights whose codes are read where they lie, by machine code. Weights that meet the same x are one job,
 * for which x is rounded once.
 */
final class RowsByCode {
    /** Bytes of codes that several strips of rows meet while they are near, at most. */
    static final int NEAR_BYTES = 1 << 18;

    /** Bytes of codes that a thread takes at once, at least: at each piece's ends, what is fetched ahead is not what is used. */
    private static final int LEAST_BYTES = 1 << 16;

    /** A piece is such a part of what is left for each thread: large ones first, small ones at the end, where none shall wait. */
    private static final int PART = 2;

    /** Bytes of rounded rows that meet all codes before the next rows do: they stay in a third-level cache, codes are read once more. */
    private static final int BLOCK_BYTES = 1 << 22;

    /** Rows of x that a thread rounds at once: whole strips. */
    private static final int ROUNDED_AT_ONCE = 16;

    private final Workers workers;
    private final CodesCode code;
    private final @Nullable DotCode widening = DotCode.Found.here().code();
    private final ThreadLocal<Buffer> values = ThreadLocal.withInitial(Buffer::new);
    private final ThreadLocal<Buffer> strips = ThreadLocal.withInitial(Buffer::new);
    private final ThreadLocal<Results> results = ThreadLocal.withInitial(Results::new);

    RowsByCode(Workers workers, CodesCode code) {
        this.workers = workers;
        this.code = code;
    }

    /**
     * x as weights of a form meet it: strips of as many rows as meet a code at once.
     *
     * @param at of the first strip
     * @param stripBytes from one to the next
     */
    private record Strips(int bits, int blocksPerGroup, int perStrip, int rows, long at, long stripBytes) {
        boolean are(Codes w) {
            return bits == w.bits() && blocksPerGroup == w.blocksPerGroup();
        }

        int count() {
            return Math.ceilDiv(rows, perStrip);
        }

        int rows(int strip) {
            return Math.min(perStrip, rows - strip * perStrip);
        }

        long strip(int strip) {
            return at + strip * stripBytes;
        }
    }

    /** Tiles of a weight. */
    private record Piece(CodeProduct product, Strips x, int from, int to) {}

    /** @param products with the same inputs, all of forms that {@link CodesCode#reads} */
    void multiply(Rows x, List<CodeProduct> products) {
        if (x.count() <= ROUNDED_AT_ONCE) {
            multiplyBlock(x, products);
            return;
        }
        int rows = rowsAtOnce(x.count(), products);
        for (int row = 0; row < x.count(); row += rows) {
            int first = row;
            multiplyBlock(
                    x.part(first, rows),
                    products.stream().map(p -> p.part(first, rows)).toList());
        }
    }

    /** Of a block, whole strips: all have about as many. */
    private static int rowsAtOnce(int count, List<CodeProduct> products) {
        long rowBytes = products.stream()
                .mapToLong(p -> CodesCode.bytes(p.w().bits(), 1, p.w().blocks()))
                .max()
                .orElseThrow();
        int blocks = (int) Math.ceilDiv(count * rowBytes, (long) BLOCK_BYTES);
        return Math.ceilDiv(Math.ceilDiv(count, blocks), ROUNDED_AT_ONCE) * ROUNDED_AT_ONCE;
    }

    private void multiplyBlock(Rows x, List<CodeProduct> products) {
        List<Piece> pieces = pieces(round(x, products), products);
        workers.run(pieces.size(), i -> multiply(pieces.get(i)));
    }

    /**
     * Two products of few rows and as many outputs each, and what is to be done with both of some outputs: by the thread that has them near.
     */
    void multiply(Rows x, CodeProduct one, CodeProduct other, Workers.Block both) {
        List<Strips> rounded = round(x, List.of(one, other));
        Strips ofOther = strips(rounded, other.w());
        List<Piece> pieces = pieces(rounded, List.of(one));
        workers.run(pieces.size(), i -> {
            Piece piece = pieces.get(i);
            multiply(piece);
            multiply(new Piece(other, ofOther, piece.from, piece.to));
            both.run(piece.from * TILE, Math.min(piece.to * TILE, one.w().outputs()));
        });
    }

    private List<Piece> pieces(List<Strips> rounded, List<CodeProduct> products) {
        long left = products.stream().mapToLong(p -> bytes(p.w())).sum();
        List<Piece> pieces = new ArrayList<>();
        for (CodeProduct product : products) {
            Codes w = product.w();
            Strips own = strips(rounded, w);
            for (int from = 0; from < w.tiles(); ) {
                int to = Math.min(w.tiles(), from + tilesAtOnce(w, own, left));
                pieces.add(new Piece(product, own, from, to));
                left -= (to - from) * w.tileBytes();
                from = to;
            }
        }
        return pieces;
    }

    private static Strips strips(List<Strips> rounded, Codes w) {
        for (Strips strips : rounded) {
            if (strips.are(w)) {
                return strips;
            }
        }
        throw new IllegalStateException("x was not rounded for " + w);
    }

    private static long bytes(Codes w) {
        return w.tiles() * w.tileBytes();
    }

    private int tilesAtOnce(Codes w, Strips x, long left) {
        long share = Math.max(LEAST_BYTES, left / ((long) PART * workers.count()));
        long most = x.count() > 1 ? Math.min(share, NEAR_BYTES) : share;
        int tiles = (int) Math.max(1, most / w.tileBytes());
        int together = code.tiles(w, Math.min(x.rows, x.perStrip));
        return tiles < together ? tiles : tiles / together * together;
    }

    /** Codes are read once for each strip of rows of x; the further times they are near. */
    private void multiply(Piece piece) {
        CodeProduct product = piece.product;
        Codes w = product.w();
        Strips x = piece.x;
        int from = piece.from;
        int to = piece.to;
        Results scratch = results.get();
        int outputs = Math.min(to * TILE, w.outputs()) - from * TILE;
        for (int strip = 0; strip < x.count(); strip++) {
            int rows = x.rows(strip);
            long memory = scratch.bytes(CodesCode.resultBytes(rows, to - from));
            long sums = code.multiply(w, from, to - from, x.strip(strip), rows, memory);
            for (int t = 0; t < rows; t++) {
                scratch.read(sums + (long) t * (to - from) * TILE * Float.BYTES, outputs);
                scratch.store(product, strip * x.perStrip + t, from * TILE, outputs);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------ rows of x

    private List<Strips> round(Rows x, List<CodeProduct> products) {
        int perStrip = code.rows();
        List<Codes> forms = new ArrayList<>(products.size());
        long bytes = 0;
        for (CodeProduct product : products) {
            Codes w = product.w();
            if (forms.stream().noneMatch(f -> f.bits() == w.bits() && f.blocksPerGroup() == w.blocksPerGroup())) {
                forms.add(w);
                bytes += CodesCode.bytes(w.bits(), perStrip, w.blocks()) * Math.ceilDiv(x.count(), perStrip);
            }
        }
        long at = strips.get().bytes(bytes);
        List<Strips> rounded = new ArrayList<>(forms.size());
        for (Codes w : forms) {
            long stripBytes = CodesCode.bytes(w.bits(), perStrip, w.blocks());
            Strips strips = new Strips(w.bits(), w.blocksPerGroup(), perStrip, x.count(), at, stripBytes);
            rounded.add(strips);
            at += stripBytes * strips.count();
        }
        workers.blocks(x.count(), ROUNDED_AT_ONCE, (from, to) -> round(x, from, to, forms, rounded));
        return rounded;
    }

    private void round(Rows x, int from, int to, List<Codes> forms, List<Strips> rounded) {
        int width = forms.getFirst().blocks() * BLOCK;
        long wide = values.get().floats(width);
        for (int t = from; t < to; t++) {
            widen(x.part(t, 1), new Rows(DType.FLOAT32, wide, 1, width, (long) width * Float.BYTES));
            for (int i = 0; i < forms.size(); i++) {
                Strips strips = rounded.get(i);
                int strip = t / strips.perStrip;
                code.row(forms.get(i), wide, t % strips.perStrip, strips.rows(strip), strips.strip(strip));
            }
        }
    }

    /** A row, padded with zeros. */
    private void widen(Rows x, Rows to) {
        if (widening != null && x.width() == to.width()) {
            widening.widen(x, to);
        } else {
            float[] row = new float[Math.max(to.width(), Lanes.padded(x.width()))];
            x.load(0, row);
            to.store(row, 0);
        }
    }
}
