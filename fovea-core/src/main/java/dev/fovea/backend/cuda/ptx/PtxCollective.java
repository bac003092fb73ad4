package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.Locale;

/** Instructions that lanes of a warp, or all threads of a block, run together. */
abstract class PtxCollective extends PtxOp {
    /** The register that has the lanes that take part. */
    private final int members;

    private PtxCollective(String text, int members) {
        super(text);
        this.members = members;
    }

    static PtxOp of(PtxEntry.Statement s, PtxOperands operands) {
        return switch (s.base()) {
            case "shfl" -> new Shuffle(s, operands);
            case "activemask" -> new ActiveMask(s.text(), operands.target(s.operand(0)));
            case "bar", "barrier" ->
                s.has("warp") ? new WarpBarrier(s.text(), operands.value(s.operand(0))) : new Barrier(s, operands);
            default -> new Vote(s, operands);
        };
    }

    /** Once all members have come: for them. */
    abstract void together(PtxWarp warp);

    @Override
    void run(PtxWarp warp) {
        if (warp.gatherNamed(this, members)) {
            together(warp);
        }
    }

    @Override
    boolean steers() {
        return true;
    }

    /** Which lane a shuffle reads: one before, one behind, one across, or one that it names. */
    private enum Mode {
        UP,
        DOWN,
        BFLY,
        IDX
    }

    /** A register of another lane. */
    private static final class Shuffle extends PtxCollective {
        private final Mode mode;
        private final int target;
        private final int predicate;
        private final int source;
        private final int distance;
        private final int bounds;

        Shuffle(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text(), operands.value(s.operand(4)));
            mode = Mode.valueOf(s.opcode().get(2).toUpperCase(Locale.ROOT));
            String[] targets = s.operand(0).split("\\|");
            target = operands.target(targets[0]);
            predicate = operands.target(targets.length > 1 ? targets[1] : "_");
            source = operands.value(s.operand(1));
            distance = operands.value(s.operand(2));
            bounds = operands.value(s.operand(3));
        }

        @Override
        void together(PtxWarp warp) {
            long[][] registers = warp.registers;
            long[] from = registers[source].clone();
            long[] to = registers[target];
            long[] whether = registers[predicate];
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int by = (int) registers[distance][lane] & 31;
                int bound = (int) registers[bounds][lane];
                int segment = bound >> 8 & 31;
                int most = lane & segment | bound & 31 & ~segment;
                int other = switch (mode) {
                    case UP -> lane - by;
                    case DOWN -> lane + by;
                    case BFLY -> lane ^ by;
                    case IDX -> lane & segment | by & ~segment;
                };
                boolean within = mode == Mode.UP ? other >= most : other <= most;
                int which = within ? other : lane;
                if ((warp.mask >>> which & 1) == 0) {
                    throw warp.fault(this, lane, "reads lane %d, which does not take part".formatted(which));
                }
                to[lane] = from[which];
                whether[lane] = within ? 1 : 0;
            }
        }
    }

    /** What all members say together. */
    private static final class Vote extends PtxCollective {
        private final String base;
        private final String mode;
        private final String type;
        private final int target;
        private final int predicate;
        private final int source;
        private final boolean negated;

        Vote(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text(), operands.value(s.operand(2)));
            base = s.base();
            mode = s.base().equals("match") ? s.opcode().get(1) : s.opcode().get(2);
            type = s.type();
            String[] targets = s.operand(0).split("\\|");
            target = operands.target(targets[0]);
            predicate = operands.target(targets.length > 1 ? targets[1] : "_");
            negated = s.operand(1).startsWith("!");
            source = operands.value(negated ? s.operand(1).substring(1) : s.operand(1));
        }

        @Override
        void together(PtxWarp warp) {
            long[] x = warp.registers[source].clone();
            int mask = warp.mask;
            int yes = base.equals("vote") ? mask & (warp.where(source) ^ (negated ? -1 : 0)) : 0;
            long sum = base.equals("redux") ? reduced(x, mask) : 0;
            for (int rest = mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int same = base.equals("match") ? same(x, mask, x[lane]) : 0;
                warp.registers[predicate][lane] = same == mask ? 1 : 0;
                warp.registers[target][lane] = switch (base + "." + mode) {
                    case "vote.ballot" -> yes & 0xffff_ffffL;
                    case "vote.all" -> yes == mask ? 1 : 0;
                    case "vote.any" -> yes != 0 ? 1 : 0;
                    case "vote.uni" -> yes == 0 || yes == mask ? 1 : 0;
                    case "match.any" -> same & 0xffff_ffffL;
                    case "match.all" -> same == mask ? mask & 0xffff_ffffL : 0;
                    default -> sum;
                };
            }
        }

        private int same(long[] x, int mask, long value) {
            long width = PtxSource.bytes(type) == 8 ? -1 : 0xffff_ffffL;
            int same = 0;
            for (int rest = mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                same |= (x[lane] & width) == (value & width) ? 1 << lane : 0;
            }
            return same;
        }

        private long reduced(long[] x, int mask) {
            PtxFunction.Two two = PtxIntegers.two(mode, type);
            long sum = x[Integer.numberOfTrailingZeros(mask)];
            for (int rest = mask & mask - 1; rest != 0; rest &= rest - 1) {
                sum = two.of(sum, x[Integer.numberOfTrailingZeros(rest)]);
            }
            return sum;
        }
    }

    private static final class ActiveMask extends PtxOp {
        private final int target;

        ActiveMask(String text, int target) {
            super(text);
            this.target = target;
        }

        @Override
        void run(PtxWarp warp) {
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                warp.registers[target][Integer.numberOfTrailingZeros(rest)] = warp.mask & 0xffff_ffffL;
            }
        }
    }

    private static final class WarpBarrier extends PtxCollective {
        WarpBarrier(String text, int members) {
            super(text, members);
        }

        @Override
        void together(PtxWarp warp) {}
    }

    private static final class Barrier extends PtxOp {
        private final int number;
        private final int count;

        Barrier(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            if (!s.has("sync")) {
                throw new NativeException("the interpreter does not know this instruction");
            }
            number = operands.value(s.operand(0));
            count = s.operands().size() > 1 ? operands.value(s.operand(1)) : operands.constant(0);
        }

        @Override
        void run(PtxWarp warp) {
            if (warp.gather(this, warp.alive)) {
                int lane = warp.lane();
                warp.park((int) warp.registers[number][lane], (int) warp.registers[count][lane]);
            }
        }

        @Override
        boolean steers() {
            return true;
        }
    }
}
