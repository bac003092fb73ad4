package dev.fovea.backend.cpu.machine;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * How a kernel begins: in plain loops, until these have gone round so often that vector loops are worth compiling, and a
 * rehearsal on a thread of its own has found the vector loop as fast.
 *
 * <p>An operation of the Vector API is an instruction only in what C2 compiled. Before that it is Java code that allocates and
 * calls a lambda for each lane: a microsecond a value. That code is hot long before the kernel is, and then takes the
 * compiler's time, two seconds for one short answer of a small model. Plain loops are slow once, and compiled at once. Both
 * give the same bits, so nobody sees when a kernel changes over.
 */
public final class Warmup {
    /** At a third of a nanosecond to four a round, a twentieth of a second or two: more than the first pass of a short text. */
    private static final long DEFAULT_LIMIT = 1L << 26;

    /** Of tests: no change-over. */
    public static final long FOREVER = Long.MAX_VALUE;

    private static long limit = Long.getLong("fovea.plainRounds", DEFAULT_LIMIT);

    private static final int CALLS = 16;
    private static final long PATIENCE_MILLIS = 500;

    /** Times in a row that the vector loop has to be as fast: other work may hold up a plain one. */
    private static final int WINS = 2;

    /** How much longer vectors may take, in percent: C2 makes vectors of some plain loops itself, and of the two no one stays the faster. */
    private static final int TOLERANCE = 25;

    /** One call of the kernel, by way of {@link #plain}. */
    public interface Rehearsal {
        void run(Scratch scratch);
    }

    /**
     * What a rehearsal works on: zeros at first.
     *
     * @param row {@link #N} values and as many more
     * @param other the same
     * @param memory the address of {@link #BYTES}
     */
    public record Scratch(float[] row, float[] other, long memory) {
        public static final int N = 256;
        static final int BYTES = 1 << 16;

        /** A place in memory, one of sixteen. */
        public long part(int i) {
            return memory + (long) i * (BYTES / 16);
        }
    }

    private final Rehearsal rehearsal;
    private final AtomicBoolean asked = new AtomicBoolean();
    private volatile boolean over;
    private volatile @Nullable Thread rehearser;
    private boolean playsPlain;
    private boolean played;
    private long rounds;

    public Warmup(Rehearsal rehearsal) {
        this.rehearsal = rehearsal;
    }

    /** Whether the kernel is to take the plain loop, of so many rounds. Threads may count past each other. */
    public boolean plain(int count) {
        if (limit == 0 || over && limit != FOREVER) {
            return false;
        }
        if (Thread.currentThread() == rehearser) {
            played = true;
            return playsPlain;
        }
        rounds += count;
        if (rounds >= limit && asked.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("fovea-rehearsal").start(this::rehearse);
        }
        return true;
    }

    /**
     * Kernels rehearse one after another, and ever more rarely, because processors are for who waits for an answer: a vector loop may
     * never become as fast.
     */
    private void rehearse() {
        try (Arena arena = Arena.ofConfined()) {
            Scratch scratch = scratch(arena);
            long plain = Long.MAX_VALUE;
            int wins = 0;
            for (long pause = PATIENCE_MILLIS; !over; pause *= 2) {
                synchronized (Warmup.class) {
                    long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
                    while (!over && System.nanoTime() < end) {
                        plain = Math.min(plain, nanos(scratch, true));
                        long longest = plain + plain * TOLERANCE / 100;
                        wins = nanos(scratch, false) <= longest ? wins + 1 : 0;
                        over = wins == WINS;
                    }
                }
                if (!over) {
                    Thread.sleep(pause);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    public static Scratch scratch(Arena arena) {
        return new Scratch(
                new float[2 * Scratch.N],
                new float[2 * Scratch.N],
                arena.allocate(Scratch.BYTES, 64).address());
    }

    /** How long some calls take in the one kind of loop, on the current thread. */
    public long nanos(Scratch scratch, boolean plain) {
        rehearser = Thread.currentThread();
        playsPlain = plain;
        played = false;
        long start = System.nanoTime();
        for (int i = 0; i < CALLS; i++) {
            rehearsal.run(scratch);
        }
        long nanos = System.nanoTime() - start;
        rehearser = null;
        if (!played && limit != 0) { // a test may turn plain loops off meanwhile
            throw new IllegalStateException("a rehearsal that does not reach its kernel");
        }
        return nanos;
    }

    /** Whether the vector loop has taken over. */
    public boolean isOver() {
        return over;
    }

    /** For tests: 0 is vector loops at once, {@link #FOREVER} plain loops for ever. Returns the limit before. */
    public static long limit(long newLimit) {
        long old = limit;
        limit = newLimit;
        return old;
    }
}
