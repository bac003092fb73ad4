package dev.fovea.backend.cpu;

/**
 * How a kernel begins: in plain loops, until these have gone round so often that vector loops would have been worth compiling.
 *
 * <p>An operation of the Vector API is an instruction only in what C2 compiled. Before that it is Java code that allocates and
 * calls a lambda for each lane: a microsecond a value. That code is hot long before the kernel is, and then takes the
 * compiler's time, two seconds for one short answer of a small model. Plain loops are slow once, and compiled at once. Both
 * give the same bits, so nobody sees when a kernel changes over.
 */
final class Warmup {
    /**
     * At one to four nanoseconds a round some ten milliseconds, a tenth of what a vector loop costs until it is compiled: more
     * than a short answer of a small model needs, and little to lose for whoever wants more.
     */
    private static final long DEFAULT_LIMIT = 1L << 22;

    private static long limit = Long.getLong("fovea.plainRounds", DEFAULT_LIMIT);

    private long rounds;

    /** Whether the kernel is to take the plain loop, of so many rounds. Threads may count past each other. */
    boolean plain(int count) {
        if (rounds >= limit) {
            return false;
        }
        rounds += count;
        return true;
    }

    /** For tests: 0 is vector loops at once, the largest number plain loops for ever. Returns the limit before. */
    static long limit(long newLimit) {
        long old = limit;
        limit = newLimit;
        return old;
    }
}
