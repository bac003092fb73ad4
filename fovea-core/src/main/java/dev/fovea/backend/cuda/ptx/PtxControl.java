package dev.fovea.backend.cuda.ptx;

import java.util.List;

/** Instructions by their names; branches and ends. */
final class PtxControl {
    private PtxControl() {}

    /** The instruction of a statement, without its guard. */
    static PtxOp of(PtxEntry.Statement s, PtxOperands operands, PtxEntry entry) {
        return switch (s.base()) {
            case "ret", "exit" -> new End(s.text());
            case "bra" -> new Branch(s.text(), entry.label(s.operand(0)));
            case "brx" -> new Switch(s, operands, entry);
            case "ld", "ldu" -> PtxAccess.load(s, operands);
            case "st" -> PtxAccess.store(s, operands);
            case "cp" -> PtxCopies.of(s, operands);
            case "shfl", "vote", "activemask", "match", "redux", "bar", "barrier" -> PtxCollective.of(s, operands);
            case "mma", "ldmatrix" -> PtxMatrix.of(s, operands);
            case "membar", "fence", "griddepcontrol", "nanosleep", "prefetch", "prefetchu", "discard" ->
                new Nothing(s.text());
            default -> PtxScalar.of(s, operands);
        };
    }

    static final class Nothing extends PtxOp {
        Nothing(String text) {
            super(text);
        }

        @Override
        void run(PtxWarp warp) {}
    }

    static final class End extends PtxOp {
        End(String text) {
            super(text);
        }

        @Override
        void run(PtxWarp warp) {
            warp.end();
        }

        @Override
        boolean steers() {
            return true;
        }
    }

    private static final class Branch extends PtxOp {
        private final int target;

        Branch(String text, int target) {
            super(text);
            this.target = target;
        }

        @Override
        void run(PtxWarp warp) {
            warp.pc = target;
        }

        @Override
        boolean steers() {
            return true;
        }
    }

    /** A branch to one of several labels. */
    private static final class Switch extends PtxOp {
        private final int index;
        private final int[] targets;

        Switch(PtxEntry.Statement s, PtxOperands operands, PtxEntry entry) {
            super(s.text());
            index = operands.value(s.operand(0));
            List<String> labels = entry.targets().getOrDefault(s.operand(1), List.of());
            targets = labels.stream().mapToInt(entry::label).toArray();
        }

        @Override
        void run(PtxWarp warp) {
            long[] at = warp.registers[index];
            int lead = warp.lane();
            int choice = (int) at[lead];
            if (choice < 0 || choice >= targets.length) {
                throw warp.fault(this, lead, "has %d targets, chooses %d".formatted(targets.length, choice));
            }
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                if ((int) at[lane] != choice) {
                    warp.part(1 << lane, warp.pc - 1);
                }
            }
            warp.pc = targets[choice];
        }

        @Override
        boolean steers() {
            return true;
        }
    }
}
