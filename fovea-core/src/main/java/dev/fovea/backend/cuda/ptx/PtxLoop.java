package dev.fovea.backend.cuda.ptx;

import java.lang.invoke.MethodHandles;

/**
 * An instruction that makes of some registers another one, for each lane by itself.
 *
 * <p>Its classes are templates: {@link PtxLoops} makes a class of its own of them for each function, which thereby is a
 * constant that the compiler puts into the loop.
 */
abstract class PtxLoop extends PtxOp {
    final int target;
    final int[] sources;

    PtxLoop(String text, int target, int[] sources) {
        super(text);
        this.target = target;
        this.sources = sources;
    }

    static final class One extends PtxLoop {
        private static final PtxFunction.One F = PtxLoops.function(MethodHandles.lookup(), PtxFunction.One.class);

        One(String text, int target, int[] sources) {
            super(text, target, sources);
        }

        @Override
        void run(PtxWarp warp) {
            long[] d = warp.target(target);
            long[] a = warp.registers[sources[0]];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = F.of(a[i]);
            }
            warp.settle(target);
        }
    }

    static final class Two extends PtxLoop {
        private static final PtxFunction.Two F = PtxLoops.function(MethodHandles.lookup(), PtxFunction.Two.class);

        Two(String text, int target, int[] sources) {
            super(text, target, sources);
        }

        @Override
        void run(PtxWarp warp) {
            long[] d = warp.target(target);
            long[] a = warp.registers[sources[0]];
            long[] b = warp.registers[sources[1]];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = F.of(a[i], b[i]);
            }
            warp.settle(target);
        }
    }

    static final class Three extends PtxLoop {
        private static final PtxFunction.Three F = PtxLoops.function(MethodHandles.lookup(), PtxFunction.Three.class);

        Three(String text, int target, int[] sources) {
            super(text, target, sources);
        }

        @Override
        void run(PtxWarp warp) {
            long[] d = warp.target(target);
            long[] a = warp.registers[sources[0]];
            long[] b = warp.registers[sources[1]];
            long[] c = warp.registers[sources[2]];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = F.of(a[i], b[i], c[i]);
            }
            warp.settle(target);
        }
    }

    static final class Four extends PtxLoop {
        private static final PtxFunction.Four F = PtxLoops.function(MethodHandles.lookup(), PtxFunction.Four.class);

        Four(String text, int target, int[] sources) {
            super(text, target, sources);
        }

        @Override
        void run(PtxWarp warp) {
            long[] d = warp.target(target);
            long[] a = warp.registers[sources[0]];
            long[] b = warp.registers[sources[1]];
            long[] c = warp.registers[sources[2]];
            long[] e = warp.registers[sources[3]];
            for (int i = 0; i < PtxWarp.LANES; i++) {
                d[i] = F.of(a[i], b[i], c[i], e[i]);
            }
            warp.settle(target);
        }
    }
}
