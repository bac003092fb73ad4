package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads and writes of memory; each lane's address is checked. */
abstract class PtxAccess extends PtxOp {
    /** Where addresses of other spaces begin among generic ones. */
    static final long SHARED_WINDOW = 1L << 56;

    static final long LOCAL_WINDOW = 1L << 57;

    enum Space {
        GLOBAL,
        SHARED,
        LOCAL,
        PARAMETERS,
        GENERIC
    }

    final Space space;
    final int slot;
    final long offset;

    PtxAccess(String text, Space space, PtxOperands.Address address) {
        super(text);
        this.space = space;
        this.slot = address.slot();
        this.offset = address.offset();
    }

    static PtxOp load(PtxEntry.Statement s, PtxOperands operands) {
        List<String> targets = PtxOperands.list(s.operand(0));
        return new Load(
                s,
                operands.address(s.operand(1)),
                targets.stream().mapToInt(operands::target).toArray());
    }

    static PtxOp store(PtxEntry.Statement s, PtxOperands operands) {
        List<String> values = PtxOperands.list(s.operand(1));
        return new Store(
                s,
                operands.address(s.operand(0)),
                values.stream().mapToInt(operands::value).toArray());
    }

    private static Space space(PtxEntry.Statement s) {
        return s.has("global") || s.has("const")
                ? Space.GLOBAL
                : s.has("shared")
                        ? Space.SHARED
                        : s.has("local") ? Space.LOCAL : s.has("param") ? Space.PARAMETERS : Space.GENERIC;
    }

    /** The memory that a lane's address is in. */
    PtxMemory.Segment segment(PtxWarp warp, int lane, long address, int bytes, String what) {
        PtxMemory.Segment segment = switch (space) {
            case GLOBAL -> warp.block.memory.find(address);
            case SHARED -> warp.block.shared;
            case LOCAL -> warp.local[lane];
            case PARAMETERS -> warp.block.parameters;
            case GENERIC -> generic(warp, lane, address);
        };
        if (segment == null || !segment.holds(address, bytes)) {
            throw warp.fault(this, lane, "%s %d bytes at 0x%x: %s".formatted(what, bytes, address, outside(segment)));
        }
        return segment;
    }

    /**
     * The memory that has what all 32 lanes ask for; where in it is put into {@code warp.offsets}. Null where that is not so, or
     * not clear: then lanes are to be looked at one by one.
     */
    final PtxMemory.@Nullable Segment common(PtxWarp warp, int bytes) {
        if (warp.mask != -1 || space == Space.LOCAL || space == Space.GENERIC) {
            return null;
        }
        long[] at = warp.registers[slot];
        long least = Long.MAX_VALUE;
        long most = Long.MIN_VALUE;
        long bits = 0;
        for (int i = 0; i < PtxWarp.LANES; i++) {
            long address = address(at[i]);
            least = Math.min(least, address);
            most = Math.max(most, address);
            bits |= address;
        }
        PtxMemory.Segment segment = space == Space.GLOBAL
                ? warp.block.memory.find(least)
                : space == Space.SHARED ? warp.block.shared : warp.block.parameters;
        if (segment == null
                || !segment.holds(least, bytes)
                || !segment.holds(most, bytes)
                || (bits & (bytes - 1)) != 0) {
            return null;
        }
        for (int i = 0; i < PtxWarp.LANES; i++) {
            warp.offsets[i] = (int) (address(at[i]) - segment.base());
        }
        return segment;
    }

    private String outside(PtxMemory.@Nullable Segment segment) {
        return space == Space.GLOBAL || space == Space.GENERIC || segment == null
                ? PtxMemory.describe(segment)
                : "its %s memory has %,d bytes"
                        .formatted(space.name().toLowerCase(Locale.ROOT), segment.content().length);
    }

    private static PtxMemory.@Nullable Segment generic(PtxWarp warp, int lane, long address) {
        return address >= LOCAL_WINDOW
                ? new PtxMemory.Segment(LOCAL_WINDOW, warp.local[lane].content())
                : address >= SHARED_WINDOW
                        ? new PtxMemory.Segment(SHARED_WINDOW, warp.block.shared.content())
                        : warp.block.memory.find(address);
    }

    /** An address as its space has it: of 32 bits, but for that of all memory. */
    final long address(long register) {
        return (space == Space.GLOBAL || space == Space.GENERIC ? register : (int) register) + offset;
    }

    final void align(PtxWarp warp, int lane, long address, int bytes, String what) {
        if ((address & (bytes - 1)) != 0) {
            throw warp.fault(
                    this,
                    lane,
                    "%s %d bytes at 0x%x, which is no multiple of %d".formatted(what, bytes, address, bytes));
        }
    }

    private static final class Load extends PtxAccess {
        private final int[] targets;
        private final int bytes;
        private final boolean signed;

        Load(PtxEntry.Statement s, PtxOperands.Address address, int[] targets) {
            super(s.text(), space(s), address);
            this.targets = targets;
            bytes = PtxSource.bytes(s.type());
            signed = s.type().startsWith("s");
        }

        @Override
        void run(PtxWarp warp) {
            int all = bytes * targets.length;
            PtxMemory.Segment segment = common(warp, all);
            if (segment == null) {
                each(warp, all);
                return;
            }
            for (int i = 0; i < targets.length; i++) {
                long[] values = warp.registers[targets[i]];
                segment.gather(warp.offsets, i * bytes, bytes, values);
                for (int lane = 0; signed && lane < PtxWarp.LANES; lane++) {
                    values[lane] = signed(values[lane]);
                }
            }
        }

        private long signed(long value) {
            return value << 64 - 8 * bytes >> 64 - 8 * bytes;
        }

        private void each(PtxWarp warp, int all) {
            long[] at = warp.registers[slot];
            PtxMemory.Segment segment = null;
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long address = address(at[lane]);
                align(warp, lane, address, all, "reads");
                if (segment == null || space == Space.LOCAL || !segment.holds(address, all)) {
                    segment = segment(warp, lane, address, all, "reads");
                }
                for (int i = 0; i < targets.length; i++) {
                    long value = segment.get(address + (long) i * bytes, bytes);
                    warp.registers[targets[i]][lane] = signed ? signed(value) : value;
                }
            }
        }
    }

    private static final class Store extends PtxAccess {
        private final int[] values;
        private final int bytes;

        Store(PtxEntry.Statement s, PtxOperands.Address address, int[] values) {
            super(s.text(), space(s), address);
            this.values = values;
            bytes = PtxSource.bytes(s.type());
            if (space == Space.PARAMETERS) {
                throw new NativeException("the interpreter knows no calls");
            }
        }

        @Override
        void run(PtxWarp warp) {
            int all = bytes * values.length;
            PtxMemory.Segment segment = common(warp, all);
            if (segment == null) {
                each(warp, all);
                return;
            }
            for (int i = 0; i < values.length; i++) {
                segment.scatter(warp.offsets, i * bytes, bytes, warp.registers[values[i]]);
            }
        }

        private void each(PtxWarp warp, int all) {
            long[] at = warp.registers[slot];
            PtxMemory.Segment segment = null;
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long address = address(at[lane]);
                align(warp, lane, address, all, "writes");
                if (segment == null || space == Space.LOCAL || !segment.holds(address, all)) {
                    segment = segment(warp, lane, address, all, "writes");
                }
                for (int i = 0; i < values.length; i++) {
                    segment.set(address + (long) i * bytes, bytes, warp.registers[values[i]][lane]);
                }
            }
        }
    }
}
