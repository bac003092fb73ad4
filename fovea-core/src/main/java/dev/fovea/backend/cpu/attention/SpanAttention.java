package dev.fovea.backend.cpu.attention;

import dev.fovea.tensor.DType;

/** Attention of spans of queries whose keys and values are packed once for all of them. For any number of threads. */
interface SpanAttention {
    /** With fewer queries keys and values are not worth packing. */
    int LEAST_QUERIES = 8;

    /** Of heads of which all fits into a cache. */
    int LARGEST_WIDTH = 256;

    /** Whether it attends to a span; else tiles do. */
    boolean suits(Attention.Call call, Attention.Span span);

    /** One key head with all query heads that share it, on the current thread. */
    void run(Attention.Call call, Attention.Span span, int group);

    /** Whether operands are of one dtype. */
    static boolean suits(Attention.Call call) {
        DType dtype = call.q().dtype();
        return call.k().dtype() == dtype
                && call.v().dtype() == dtype
                && call.out().dtype() == dtype;
    }
}
