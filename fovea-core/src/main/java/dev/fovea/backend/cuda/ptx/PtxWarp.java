package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;

/**
 * 32 threads of a block that run together: their registers, and where each of them is.
 *
 * <p>An instruction runs for all lanes that are at it. Where lanes part, those furthest behind run first, until they come to
 * where others are; so they are together again as early as the code allows. Registers are 64 bits wide; of narrower values
 * the upper bits mean nothing, and who reads them takes only what its type has.
 */
final class PtxWarp {
    static final int LANES = 32;

    final PtxBlock block;

    /** The number in the block of the thread in lane 0. */
    final int first;

    /** By slot, then by lane. */
    final long[][] registers;

    /** Local memory of each lane. */
    final PtxMemory.Segment[] local = new PtxMemory.Segment[LANES];

    /** Copies to shared memory under way. */
    final PtxCopies copies = new PtxCopies();

    /** For an access to memory: where each lane's is. */
    final int[] offsets = new int[LANES];

    /** Lanes that the instruction at hand is for. */
    int mask;

    /** Lanes that have not ended. */
    int alive;

    /** The next instruction. */
    int pc;

    /** Thread-instructions run so far. */
    long executed;

    /** Lanes that wait at an instruction for others of the warp. */
    private int waiting;

    /** Lanes that wait at a barrier of the block. */
    private int parked;

    /** The barrier, and how many threads it waits for; 0 for all of the block. */
    private int barrier;

    private int expected;

    /** Where the lanes not at hand go on. */
    private final int[] resume = new int[LANES];

    /** The first instruction ahead where other lanes are. */
    private int limit;

    private final long[] scratch = new long[LANES];

    PtxWarp(PtxBlock block, int first, PtxFiles.File file) {
        this.block = block;
        this.first = first;
        int lanes = Math.min(LANES, block.threads() - first);
        alive = lanes == LANES ? -1 : (1 << lanes) - 1;
        registers = file.registers(block.kernel, first / LANES);
        block.kernel.layout().begin(this);
        int bytes = block.kernel.localBytes();
        for (int lane = 0; bytes > 0 && lane < lanes; lane++) {
            local[lane] = PtxMemory.Segment.of(0, bytes);
        }
    }

    /** Runs until every lane has ended or waits. */
    void run() {
        PtxOp[] code = block.kernel.code();
        while (choose()) {
            while (mask != 0 && pc < limit) {
                PtxOp op = code[pc++];
                executed += Integer.bitCount(mask);
                op.run(this);
            }
            remember(mask, pc);
        }
    }

    /** Takes up the lanes furthest behind. */
    private boolean choose() {
        int ready = alive & ~waiting & ~parked;
        pc = Integer.MAX_VALUE;
        for (int rest = ready; rest != 0; rest &= rest - 1) {
            pc = Math.min(pc, resume[Integer.numberOfTrailingZeros(rest)]);
        }
        mask = 0;
        limit = Integer.MAX_VALUE;
        for (int rest = ready; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            if (resume[lane] == pc) {
                mask |= 1 << lane;
            } else {
                limit = Math.min(limit, resume[lane]);
            }
        }
        return ready != 0;
    }

    private void remember(int lanes, int at) {
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
            resume[Integer.numberOfTrailingZeros(rest)] = at;
        }
    }

    /** Leaves some of the lanes at hand behind, to go on at an instruction. */
    void part(int lanes, int at) {
        remember(lanes, at);
        mask &= ~lanes;
        limit = Math.min(limit, at);
    }

    /**
     * Whether all members have come to the instruction at hand: then it is for all of them. Otherwise those who are here wait.
     */
    boolean gather(PtxOp op, int members) {
        if (mask == members) {
            return true;
        }
        if ((mask & ~members) != 0) {
            int lane = Integer.numberOfTrailingZeros(mask & ~members);
            throw fault(op, lane, "does not name the lane %d that runs it".formatted(lane));
        }
        if ((members & ~alive) != 0) {
            int missing = Integer.numberOfTrailingZeros(members & ~alive);
            throw fault(op, lane(), "waits for lane %d, which has ended or does not exist".formatted(missing));
        }
        int present = mask;
        for (int rest = waiting; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            present |= resume[lane] == pc - 1 ? 1 << lane : 0;
        }
        if ((members & ~present) == 0) {
            waiting &= ~members;
            mask = members;
            return true;
        }
        remember(mask, pc - 1);
        waiting |= mask;
        mask = 0;
        return false;
    }

    /** As {@link #gather(PtxOp, int)}; lanes that name other members in the register do it after these. */
    boolean gatherNamed(PtxOp op, int slot) {
        long[] named = registers[slot];
        int members = (int) named[lane()];
        for (int rest = mask; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            if ((int) named[lane] != members) {
                part(1 << lane, pc - 1);
            }
        }
        return gather(op, members);
    }

    /** Lets the lanes at hand wait until so many threads of the block have come to a barrier; 0 for all. */
    void park(int number, int count) {
        remember(mask, pc);
        parked |= mask;
        barrier = number;
        expected = count;
        mask = 0;
    }

    /** Ends the lanes at hand. */
    void end() {
        alive &= ~mask;
        mask = 0;
        waiting = 0; // to see anew whom they wait for
    }

    boolean hasEnded() {
        return alive == 0;
    }

    /** Threads that wait at a barrier. */
    int parkedAt(int number) {
        return barrier == number ? Integer.bitCount(parked) : 0;
    }

    /** How many threads the barrier is to wait for, where they are named; otherwise 0. */
    int expectedAt(int number) {
        return parkedAt(number) > 0 ? expected : 0;
    }

    void release(int number) {
        parked = barrier == number ? 0 : parked;
    }

    /** Why it cannot go on, after all others came to a stop. */
    NativeException stuck() {
        int lanes = waiting != 0 ? waiting : parked;
        int lane = Integer.numberOfTrailingZeros(lanes);
        int at = waiting != 0 ? resume[lane] : resume[lane] - 1;
        for (int other = 0; other < LANES; other++) {
            if ((alive & ~lanes & 1 << other) != 0 || ((lanes & 1 << other) != 0 && resume[other] != resume[lane])) {
                return fault(
                        block.kernel.code()[at],
                        lane,
                        "waits for others, while lane %d waits at `%s`"
                                .formatted(other, block.kernel.code()[resume[other] - (parked >> other & 1)]));
            }
        }
        return fault(block.kernel.code()[at], lane, "waits for threads that never come");
    }

    /** The first lane at hand. */
    int lane() {
        return Integer.numberOfTrailingZeros(mask);
    }

    /** Lanes whose predicate is true. */
    int where(int slot) {
        long[] p = registers[slot];
        int lanes = 0;
        for (int lane = 0; lane < LANES; lane++) {
            lanes |= (int) (p[lane] & 1) << lane;
        }
        return lanes;
    }

    /** Where to write a register: to itself, or aside if some lanes must keep what they have. */
    long[] target(int slot) {
        return mask == alive ? registers[slot] : scratch;
    }

    /** Brings what was written aside to the lanes at hand. */
    void settle(int slot) {
        if (mask != alive) {
            long[] target = registers[slot];
            for (int rest = mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                target[lane] = scratch[lane];
            }
        }
    }

    NativeException fault(PtxOp op, int lane, String what) {
        return new NativeException("kernel %s, block %s, thread %d: `%s` %s"
                .formatted(block.kernel.name(), block.place(), first + lane, op, what));
    }
}
