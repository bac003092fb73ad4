package dev.fovea.backend.cpu.machine;

import dev.fovea.tensor.Lifetime;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Plain reading of memory by some threads: what a kernel that reads weights can reach at most. A pass reads each piece from start to
 * end, the next one at sixteen places of the piece by turns, to which some machines give a third more: the better one counts.
 */
public final class MemoryStream implements AutoCloseable {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final long STEP = LONGS.vectorByteSize();
    private static final int PLACES = 16;
    private static final long PIECE = 1 << 18;

    private final Workers workers;
    private final Lifetime lifetime;
    private final AtomicInteger passes = new AtomicInteger();
    private volatile long sink;

    public MemoryStream(int threads) {
        Workers made = new Workers(threads);
        workers = made;
        lifetime = new Lifetime(made::close);
    }

    /** Reads all but what a last piece would leave; GB/s. */
    public double read(MemorySegment memory) {
        try (var _ = lifetime.use("memory stream")) {
            int pieces = Math.toIntExact(memory.byteSize() / PIECE);
            boolean apart = passes.getAndIncrement() % 2 == 1;
            long gap = apart ? PIECE / PLACES : STEP;
            long step = apart ? STEP : PLACES * STEP;
            long start = System.nanoTime();
            workers.run(pieces, i -> sink = sum(memory, i * PIECE, gap, step));
            return pieces * PIECE / (double) (System.nanoTime() - start);
        }
    }

    private static long sum(MemorySegment memory, long from, long gap, long step) {
        LongVector a = LongVector.zero(LONGS);
        LongVector b = LongVector.zero(LONGS);
        LongVector c = LongVector.zero(LONGS);
        LongVector d = LongVector.zero(LONGS);
        for (long n = 0, i = from; n < PIECE; n += PLACES * STEP, i += step) {
            for (long k = i; k < i + PLACES * gap; k += 4 * gap) {
                a = a.add(at(memory, k));
                b = b.add(at(memory, k + gap));
                c = c.add(at(memory, k + 2 * gap));
                d = d.add(at(memory, k + 3 * gap));
            }
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    private static LongVector at(MemorySegment memory, long offset) {
        return LongVector.fromMemorySegment(LONGS, memory, offset, ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        lifetime.close();
    }
}
