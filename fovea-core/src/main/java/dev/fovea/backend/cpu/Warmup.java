package dev.fovea.backend.cpu;

/**
 * How a kernel begins: in plain loops, until it has had so many values that its vector loops are worth compiling.
 *
 * <p>An operation of the Vector API is an instruction only in what C2 compiled. Before that it is Java code that allocates and
 * calls a lambda for each lane, is hot long before the kernel is, and then takes the compiler's time itself: a short answer
 * of a small model was two seconds of that. Plain loops are slow once and cheap to compile. Both ways give the same bits,
 * so nobody sees when a kernel changes over.
 */
final class Warmup {
    /**
     * Values of each kernel. Plain loops lose about a nanosecond a value; compiling a vector loop, and what it calls until
     * then, takes about a tenth of a second.
     */
    private static final long DEFAULT_LIMIT = 1L << 27;

    private static long limit = Long.getLong("fovea.plainValues", DEFAULT_LIMIT);

    private long values;

    /** Whether a kernel is to take so many values in plain loops. Threads may count past each other: it is about an order of magnitude. */
    boolean plain(int count) {
        if (values >= limit) {
            return false;
        }
        values += count;
        return true;
    }

    /** For tests: 0 is vector loops at once, the largest number plain loops for ever. Returns the limit before. */
    static long limit(long newLimit) {
        long old = limit;
        limit = newLimit;
        return old;
    }
}
