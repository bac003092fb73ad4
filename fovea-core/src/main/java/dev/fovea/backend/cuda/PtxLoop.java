package dev.fovea.backend.cuda;

/** An instruction that makes of some registers another one, for each lane by itself. */
abstract class PtxLoop extends PtxOp {
    private final int target;

    private PtxLoop(String text, int target) {
        super(text);
        this.target = target;
    }

    static PtxOp of(String text, int target, PtxFunction function, int... sources) {
        return switch (function) {
            case PtxFunction.One f -> new One(text, target, f, sources);
            case PtxFunction.Two f -> new Two(text, target, f, sources);
            case PtxFunction.Three f -> new Three(text, target, f, sources);
            case PtxFunction.Four f -> new Four(text, target, f, sources);
        };
    }

    /** The results of all lanes. */
    abstract void all(long[] d, long[][] registers);

    @Override
    void run(PtxWarp warp) {
        all(warp.target(target), warp.registers);
        warp.settle(target);
    }

    private static final class One extends PtxLoop {
        private final PtxFunction.One f;
        private final int x;

        One(String text, int target, PtxFunction.One f, int[] sources) {
            super(text, target);
            this.f = f;
            x = sources[0];
        }

        @Override
        void all(long[] d, long[][] registers) {
            long[] a = registers[x];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = f.of(a[i]);
            }
        }
    }

    private static final class Two extends PtxLoop {
        private final PtxFunction.Two f;
        private final int x;
        private final int y;

        Two(String text, int target, PtxFunction.Two f, int[] sources) {
            super(text, target);
            this.f = f;
            x = sources[0];
            y = sources[1];
        }

        @Override
        void all(long[] d, long[][] registers) {
            long[] a = registers[x];
            long[] b = registers[y];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = f.of(a[i], b[i]);
            }
        }
    }

    private static final class Three extends PtxLoop {
        private final PtxFunction.Three f;
        private final int x;
        private final int y;
        private final int z;

        Three(String text, int target, PtxFunction.Three f, int[] sources) {
            super(text, target);
            this.f = f;
            x = sources[0];
            y = sources[1];
            z = sources[2];
        }

        @Override
        void all(long[] d, long[][] registers) {
            long[] a = registers[x];
            long[] b = registers[y];
            long[] c = registers[z];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = f.of(a[i], b[i], c[i]);
            }
        }
    }

    private static final class Four extends PtxLoop {
        private final PtxFunction.Four f;
        private final int[] sources;

        Four(String text, int target, PtxFunction.Four f, int[] sources) {
            super(text, target);
            this.f = f;
            this.sources = sources;
        }

        @Override
        void all(long[] d, long[][] registers) {
            long[] a = registers[sources[0]];
            long[] b = registers[sources[1]];
            long[] c = registers[sources[2]];
            long[] e = registers[sources[3]];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = f.of(a[i], b[i], c[i], e[i]);
            }
        }
    }
}
