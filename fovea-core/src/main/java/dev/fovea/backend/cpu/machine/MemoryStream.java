package dev.fovea.backend.cpu.machine;

import dev.fovea.tensor.Lifetime;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Plain reading of memory from start to end by some threads: what a kernel that reads weights can reach at most. */
public final class MemoryStream implements AutoCloseable {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final long STEP = LONGS.vectorByteSize();
    private static final long PIECE = 1 << 18;

    private final Workers workers;
    private final Lifetime lifetime;
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
            long start = System.nanoTime();
            workers.run(pieces, i -> sink = sum(memory, i * PIECE));
            return pieces * PIECE / (double) (System.nanoTime() - start);
        }
    }

    private static long sum(MemorySegment memory, long from) {
        LongVector a = LongVector.zero(LONGS);
        LongVector b = LongVector.zero(LONGS);
        LongVector c = LongVector.zero(LONGS);
        LongVector d = LongVector.zero(LONGS);
        for (long i = 0; i < PIECE; i += 4 * STEP) {
            a = a.add(LongVector.fromMemorySegment(LONGS, memory, from + i, ByteOrder.LITTLE_ENDIAN));
            b = b.add(LongVector.fromMemorySegment(LONGS, memory, from + i + STEP, ByteOrder.LITTLE_ENDIAN));
            c = c.add(LongVector.fromMemorySegment(LONGS, memory, from + i + 2 * STEP, ByteOrder.LITTLE_ENDIAN));
            d = d.add(LongVector.fromMemorySegment(LONGS, memory, from + i + 3 * STEP, ByteOrder.LITTLE_ENDIAN));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    @Override
    public void close() {
        lifetime.close();
    }
}
