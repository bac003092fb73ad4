package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.ArrayList;
import java.util.List;

/**
 * The copies from global to shared memory that a warp has under way. They happen as late as the code allows, when a lane waits
 * for them: so a missing wait shows.
 */
final class PtxCopies {
    private final List<Copy> pending = new ArrayList<>();
    private final int[] committed = new int[PtxWarp.LANES];

    private record Copy(
            int lane,
            int group,
            PtxMemory.Segment from,
            long source,
            PtxMemory.Segment to,
            long target,
            int read,
            int bytes) {
        void carryOut() {
            for (int i = 0; i < bytes; i++) {
                to.set(target + i, 1, i < read ? from.get(source + i, 1) : 0);
            }
        }
    }

    static PtxOp of(PtxEntry.Statement s, PtxOperands operands) {
        if (!s.has("async") || s.has("bulk") || s.has("mbarrier")) {
            throw new NativeException("the interpreter does not know this instruction");
        }
        return s.has("wait_group") || s.has("wait_all") || s.has("commit_group")
                ? new Groups(s)
                : new Start(s, operands);
    }

    private void commit(int mask) {
        for (int rest = mask; rest != 0; rest &= rest - 1) {
            committed[Integer.numberOfTrailingZeros(rest)]++;
        }
    }

    /** Carries out all but the last groups of some lanes. */
    private void await(int mask, int but) {
        pending.removeIf(copy -> {
            boolean due = (mask >>> copy.lane & 1) != 0 && copy.group < committed[copy.lane] - but;
            if (due) {
                copy.carryOut();
            }
            return due;
        });
    }

    private static final class Groups extends PtxOp {
        private final boolean commits;
        private final int but;

        Groups(PtxEntry.Statement s) {
            super(s.text());
            commits = !s.has("wait_group");
            but = s.has("wait_group") ? Integer.parseInt(s.operand(0)) : s.has("wait_all") ? 0 : Integer.MAX_VALUE;
        }

        @Override
        void run(PtxWarp warp) {
            if (commits) {
                warp.copies.commit(warp.mask);
            }
            if (but != Integer.MAX_VALUE) {
                warp.copies.await(warp.mask, but);
            }
        }
    }

    private static final class Start extends PtxOp {
        private final Side to;
        private final Side from;
        private final int bytes;
        private final int read;

        Start(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            to = new Side(s.text(), PtxAccess.Space.SHARED, operands.address(s.operand(0)));
            from = new Side(s.text(), PtxAccess.Space.GLOBAL, operands.address(s.operand(1)));
            bytes = Integer.parseInt(s.operand(2));
            read = s.operands().size() > 3 ? operands.value(s.operand(3)) : operands.constant(bytes);
        }

        @Override
        void run(PtxWarp warp) {
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int count = (int) warp.registers[read][lane];
                if (count < 0 || count > bytes) {
                    throw warp.fault(this, lane, "is to read %d of %d bytes".formatted(count, bytes));
                }
                long target = to.at(warp, lane, bytes);
                PtxMemory.Segment shared = to.segment(warp, lane, target, bytes, "writes");
                long source = count == 0 ? 0 : from.at(warp, lane, bytes);
                PtxMemory.Segment global = count == 0 ? shared : from.segment(warp, lane, source, count, "reads");
                PtxCopies copies = warp.copies;
                copies.pending.add(
                        new Copy(lane, copies.committed[lane], global, source, shared, target, count, bytes));
            }
        }
    }

    /** One end of a copy. */
    private static final class Side extends PtxAccess {
        Side(String text, Space space, PtxOperands.Address address) {
            super(text, space, address);
        }

        long at(PtxWarp warp, int lane, int bytes) {
            long address = address(warp.registers[slot][lane]);
            align(warp, lane, address, bytes, space == Space.SHARED ? "writes" : "reads");
            return address;
        }

        @Override
        void run(PtxWarp warp) {
            throw new IllegalStateException();
        }
    }
}
