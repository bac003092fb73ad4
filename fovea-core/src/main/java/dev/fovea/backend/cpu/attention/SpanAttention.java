package dev.fovea.backend.cpu.attention;

import dev.fovea.tensor.DType;

/** Attention of spans of queries that all see the same keys. For any number of threads. */
interface SpanAttention {
    /** With fewer queries keys and values are not worth packing. */
    int LEAST_QUERIES = 8;

    int LARGEST_WIDTH = 256;

    /** Fewer keys are left to tiles. */
    int leastKeys();

    /** One key head with all query heads that share it, on the current thread. */
    void run(Attention.Call call, Attention.Span span, int group);

    /** Whether operands are of one dtype, heads not too wide, and keys lie one behind the other. */
    static boolean suits(Attention.Call call) {
        DType dtype = call.q().dtype();
        boolean dtypes = call.k().dtype() == dtype
                && call.v().dtype() == dtype
                && call.out().dtype() == dtype;
        return dtypes && call.mask().rows().length == 0 && call.heads().width() <= LARGEST_WIDTH;
    }

    /** Whether all queries of a span see the same keys, and enough of them. */
    default boolean suits(Attention.Call call, Attention.Span span) {
        if (span.count() < LEAST_QUERIES || span.to() - span.from() < leastKeys()) {
            return false;
        }
        for (int i = span.first(); i < span.first() + span.count(); i++) {
            if (call.mask().from()[i] != span.from() || call.mask().to()[i] != span.to()) {
                return false;
            }
        }
        return true;
    }
}
