package dev.fovea.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Plain reading of memory from start to end by some threads: what a kernel that reads weights can reach at most. */
public final class MemoryStream implements AutoCloseable {
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
    private static final long STEP = LONGS.vectorByteSize();
    private static final long PIECE = 1 << 18;

    private final int threads;
    private final ExecutorService pool;
    private volatile long sink;

    public MemoryStream(int threads) {
        this.threads = threads;
        pool = Executors.newFixedThreadPool(threads);
    }

    /** Reads all but what a last piece would leave; GB/s. */
    public double read(MemorySegment memory) {
        long bytes = memory.byteSize() / PIECE * PIECE;
        AtomicLong next = new AtomicLong();
        CountDownLatch done = new CountDownLatch(threads);
        long start = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            pool.execute(() -> {
                long sum = 0;
                for (long at = next.getAndAdd(PIECE); at < bytes; at = next.getAndAdd(PIECE)) {
                    sum += sum(memory, at);
                }
                sink = sum;
                done.countDown();
            });
        }
        try {
            done.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return bytes / (double) (System.nanoTime() - start);
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
        pool.close();
    }
}
