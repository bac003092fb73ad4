package dev.fovea.backend.cuda.ptx;

/** An instruction of a kernel, ready to run for the lanes of a warp. */
abstract class PtxOp {
    private final String text;

    PtxOp(String text) {
        this.text = text;
    }

    /** Runs it for the lanes of {@code warp.mask}. */
    abstract void run(PtxWarp warp);

    /** Whether it changes what the warp runs next, or waits for other lanes. */
    boolean steers() {
        return false;
    }

    /** As it stands in the source. */
    @Override
    public String toString() {
        return text;
    }

    /** An instruction that some lanes skip. */
    static final class Guarded extends PtxOp {
        private final PtxOp op;
        private final int guard;
        private final int flip;

        Guarded(PtxOp op, int guard, boolean negated) {
            super(op.toString());
            this.op = op;
            this.guard = guard;
            this.flip = negated ? -1 : 0;
        }

        @Override
        void run(PtxWarp warp) {
            int all = warp.mask;
            int mask = all & (warp.where(guard) ^ flip);
            if (mask == all) {
                op.run(warp);
            } else if (mask != 0 && op.steers()) {
                warp.part(all & ~mask, warp.pc);
                op.run(warp);
            } else if (mask != 0) {
                warp.mask = mask;
                op.run(warp);
                warp.mask = all;
            }
        }
    }
}
