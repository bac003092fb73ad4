package dev.fovea.backend.cuda.ptx;

/** What an instruction makes of the registers of one lane. A register's upper bits, beyond the type, mean nothing. */
sealed interface PtxFunction {
    /** Of one register. */
    @FunctionalInterface
    non-sealed interface One extends PtxFunction {
        long of(long a);
    }

    /** Of two registers. */
    @FunctionalInterface
    non-sealed interface Two extends PtxFunction {
        long of(long a, long b);
    }

    /** Of three registers. */
    @FunctionalInterface
    non-sealed interface Three extends PtxFunction {
        long of(long a, long b, long c);
    }

    /** Of four registers. */
    @FunctionalInterface
    non-sealed interface Four extends PtxFunction {
        long of(long a, long b, long c, long d);
    }
}
