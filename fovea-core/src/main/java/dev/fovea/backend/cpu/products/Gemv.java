package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few rows with a weight, bound by how fast the weight comes from memory: each weight is read once, for all
 * rows. Four weight rows at once share the loads of x (benchmark {@code GemvBenchmark}).
 *
 * <p>Every output is one sum in one order, so a row gives the same bits alone, in a batch, and on any number of threads.
 */
public final class Gemv {
    /** Bytes of weights that a thread takes at once: all rows of x meet them while they are in the second-level cache. */
    static final int PIECE_BYTES = 1 << 18;

    /** The same at least, of a weight that is more than one piece: fewer are not worth a thread's coming. */
    private static final int LEAST_BYTES = 1 << 16;

    private final Workers workers;
    private final boolean javaAlone;
    private final ThreadLocal<Buffer> strips = ThreadLocal.withInitial(Buffer::new);

    /** @param javaAlone whether machine code is to be left out */
    public Gemv(Workers workers, boolean javaAlone) {
        this.workers = workers;
        this.javaAlone = javaAlone;
    }

    /** What computes, and why nothing better does; for people. */
    public String describe(DType dtype) {
        String vectors = Lanes.SHAPE.vectorBitSize() + "-bit vectors";
        if (javaAlone) {
            return "Java, " + vectors + ", as chosen";
        }
        DotCode.Found found = DotCode.Found.here();
        DotCode code = found.code();
        if (code == null) {
            return "Java, " + vectors + ": " + found.reason();
        }
        return "machine code, " + vectors + (code.takesPairs(dtype) ? " by AVX512_BF16" : "");
    }

    /** {@code out = x wᵀ + bias} for an x that other weights may meet too. */
    public record Product(Weight w, @Nullable Rows bias, Rows out) {}

    /** Products of the same x, as one job. */
    public void multiply(Rows x, List<Product> products) {
        DotCode code = code();
        Panel.Strip strip = Panel.Strip.of(x, strips.get(), code);
        int[] sizes = new int[products.size()];
        int[] ends = new int[products.size()];
        int count = 0;
        for (int i = 0; i < sizes.length; i++) {
            Weight w = products.get(i).w;
            sizes[i] = outputs(w);
            count += Math.ceilDiv(w.outputs(), sizes[i]);
            ends[i] = count;
        }
        workers.run(count, piece -> {
            int i = 0;
            while (piece >= ends[i]) {
                i++;
            }
            int first = (piece - (i == 0 ? 0 : ends[i - 1])) * sizes[i];
            Product p = products.get(i);
            part(strip, p, first, Math.min(p.w.outputs(), first + sizes[i]), code);
        });
    }

    /**
     * Two products of the same x and as many outputs each, and what is to be done with both of some outputs: by the thread that has them
     * near. A piece has as much of each weight as of one alone: halves are read a tenth slower.
     */
    public void multiply(Rows x, Product one, Product other, Workers.Block both) {
        DotCode code = code();
        Panel.Strip strip = Panel.Strip.of(x, strips.get(), code);
        workers.blocks(one.w.outputs(), outputs(one.w), (from, to) -> {
            part(strip, one, from, to, code);
            part(strip, other, from, to, code);
            both.run(from, to);
        });
    }

    private static void part(Panel.Strip x, Product p, int from, int to, @Nullable DotCode code) {
        Panel.multiply(x, p.w, from, to - from, p.bias, p.out, 0, code);
    }

    private @Nullable DotCode code() {
        return javaAlone ? null : DotCode.Found.here().code();
    }

    /** Of a piece, whole groups: a small weight goes to more threads in smaller ones. */
    private int outputs(Weight w) {
        long rowBytes = Math.max(1, w.rowBytes());
        long fitting = Math.max(1, PIECE_BYTES / rowBytes / Dot.SIDE) * Dot.SIDE;
        if (w.outputs() <= fitting) {
            return (int) fitting;
        }
        long shared = Math.max(LEAST_BYTES / rowBytes, Math.ceilDiv(w.outputs(), workers.count()));
        return (int) Math.min(fitting, Math.ceilDiv(shared, Dot.SIDE) * Dot.SIDE);
    }
}
