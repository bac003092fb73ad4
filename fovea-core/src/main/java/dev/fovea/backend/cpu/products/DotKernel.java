package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.tensor.DType;

/**
 * A loop of {@link DotCode} over four rows of a weight, for so many rows of x. The sums of {@link Dot#LANES} lanes are one register at 512
 * bits; at 256 bits even vectors of a row have one and odd ones another, so that no addition waits for the one right before it.
 *
 * <p>Where both sides are bfloat16 and the processor multiplies it in pairs (AVX512_BF16), sum i takes of every 32 values the two from 2 i on,
 * the second first, each by a fused multiplication; what is below the least normal float32 counts as zero, before and behind each.
 *
 * @param bits of a vector, 256 or 512
 * @param rows at most as many as {@link #most}
 * @param round vectors of a row that a round of the loop takes; a multiple of those that {@link Dot#LANES} values are
 * @param whole whether rows are a multiple of {@link Dot#LANES} values; else they end with an even vector of 256 bits, and the round is two
 * @param pairs whether both sides are bfloat16, a lane takes two values at a time, and rows are a multiple of {@link #PAIRS} values
 */
record DotKernel(int bits, DType weights, DType x, int rows, Order order, int round, boolean whole, boolean pairs) {
    /** Values of a vector of pairs. */
    static final int PAIRS = 2 * Dot.LANES;

    private static final Gpr[] WEIGHTS = {Gpr.RDI, Gpr.R10, Gpr.R11, Gpr.RBX};
    private static final Gpr[] ROWS = {Gpr.RCX, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.RBP, Gpr.R15};

    /** Of an order that asks ahead, which has fewer rows of x. */
    private static final Gpr AHEAD = Gpr.R15;

    private static final Gpr ROW_BYTES = Gpr.RBP;

    /** Of a run of {@link #sumsInTurns}, which has no rows of x in them. */
    private static final Gpr START = Gpr.R13;

    private static final Gpr END = Gpr.R14;

    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    /** Where a function finds its seventh word, above a word of its own, what it has saved, and where it returns to. */
    private static final int SEVENTH_AT = Long.BYTES * (SAVED.length + 2);

    /** Values of a run of {@link #sumsInTurns}; a multiple of {@link Dot#LANES}. */
    private static final int RUN = 256;

    /** How four rows of a weight are read. */
    enum Order {
        ASKED_AHEAD,
        SIDE_BY_SIDE,
        ONE_BY_ONE
    }

    /** Rows of x at a time: as many as there are registers for, and for values that are widened as many as gain by it. */
    static int most(int bits, Order order, boolean pairs) {
        return bits < 512 ? 2 : pairs && order != Order.ASKED_AHEAD ? ROWS.length : 4;
    }

    /**
     * A function of w, its stride in bytes, groups of four of its rows, x, n, results and bytes to fetch ahead, a row's at most: for
     * each row of x the sums of all groups. Rows of x are n values apart.
     */
    byte[] code() {
        Assembler a = new Assembler(bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        for (int t = 1; t < rows; t++) {
            a.mov(ROWS[t], ROWS[t - 1]);
            for (int i = 0; i < x.bytes(); i++) {
                a.add(ROWS[t], Gpr.R8);
            }
        }
        a.mov(Gpr.RAX, Gpr.RDX); // bytes of a row's results
        for (int i = 1; i < Dot.SIDE * Float.BYTES; i *= 2) {
            a.add(Gpr.RAX, Gpr.RAX);
        }
        a.push(Gpr.RAX);
        if (frame() > 0) {
            a.sub(Gpr.RSP, frame());
        }
        if (order == Order.ASKED_AHEAD) {
            a.mov(ROW_BYTES, Gpr.R8);
            for (int i = 1; i < weights.bytes(); i *= 2) {
                a.add(ROW_BYTES, ROW_BYTES);
            }
        }
        int group = a.here();
        for (int i = 1; i < Dot.SIDE; i++) {
            a.mov(WEIGHTS[i], WEIGHTS[i - 1]);
            a.add(WEIGHTS[i], Gpr.RSI);
        }
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            a.vxorps(sum);
        }
        if (takesTurns()) {
            sumsInTurns(a);
        } else {
            for (int i = 0; i < Dot.SIDE; i += side()) {
                sums(a, i);
            }
        }
        a.load(Gpr.RAX, Address.of(Gpr.RSP, frame()));
        Gpr results = WEIGHTS[1]; // made anew for the next group
        a.mov(results, Gpr.R9);
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            LaneCode.sum(a, bits, sum, rows * Dot.SIDE);
            a.vmovss(Address.of(results, Float.BYTES * (sum % Dot.SIDE)), sum);
            if (sum % Dot.SIDE == Dot.SIDE - 1) {
                a.add(results, Gpr.RAX);
            }
        }
        a.add(Gpr.R9, Float.BYTES * Dot.SIDE);
        a.mov(WEIGHTS[0], WEIGHTS[Dot.SIDE - 1]);
        a.add(WEIGHTS[0], Gpr.RSI);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        if (frame() > 0) {
            a.add(Gpr.RSP, frame());
        }
        a.pop(Gpr.RAX);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** Rows of the weight that lie side by side. */
    private int side() {
        return order == Order.ONE_BY_ONE ? 1 : Dot.SIDE;
    }

    /** Whether odd vectors have sums of their own. */
    private boolean halved() {
        return bits < 512;
    }

    /** Whether sums of odd vectors find no registers beside those of even ones, and the two take turns. */
    private boolean takesTurns() {
        return halved() && rows > 1 && side() == Dot.SIDE;
    }

    /** Bytes of the stack for sums that are not in registers: of odd vectors, and then of even ones. */
    private int frame() {
        return takesTurns() ? 2 * rows * Dot.SIDE * bits / Byte.SIZE : 0;
    }

    private Address kept(int sum) {
        return Address.of(Gpr.RSP, sum * bits / Byte.SIZE);
    }

    /**
     * Registers 4 t + i sum w[i] . x[t], lane by lane, for some i from one on. Behind them are the sums of odd vectors, then w, and one of x.
     */
    private void sums(Assembler a, int from) {
        int odd = rows * Dot.SIDE;
        int ofOdd = halved() ? rows * side() : 0;
        for (int sum = odd; sum < odd + ofOdd; sum++) {
            a.vxorps(sum);
        }
        begin(a);
        int loop = a.here();
        int end = 0;
        for (int vector = 0; vector < round; vector++) {
            boolean isOdd = halved() && vector % 2 == 1;
            if (isOdd && !whole) {
                a.cmp(Gpr.RAX, Gpr.R8);
                end = a.jumpAheadIfZero();
            }
            vector(a, from, isOdd ? odd : from, isOdd ? side() : Dot.SIDE, odd + ofOdd);
        }
        a.cmp(Gpr.RAX, Gpr.R8);
        a.jumpIfBelow(loop);
        if (!whole) {
            a.land(end);
        }
        for (int sum = 0; sum < ofOdd; sum++) {
            int even = sum / side() * Dot.SIDE + from + sum % side();
            a.vaddps(bits, even, even, odd + sum);
        }
    }

    /** Runs of values, their even vectors and then their odd ones, which are still near then. */
    private void sumsInTurns(Assembler a) {
        int count = rows * Dot.SIDE;
        for (int sum = 0; sum < count; sum++) {
            a.vmovups(kept(sum), sum); // zeros
        }
        begin(a);
        a.clear(END);
        int run = a.here();
        a.mov(START, Gpr.RAX);
        a.add(END, RUN);
        a.cmp(END, Gpr.R8);
        int within = a.jumpAheadIfBelow();
        a.mov(END, Gpr.R8);
        a.land(within);
        everyOther(a);
        exchange(a, count, 0);
        a.mov(Gpr.RAX, START);
        a.add(Gpr.RAX, bits / Float.SIZE);
        a.cmp(Gpr.RAX, END);
        int none = a.jumpAheadIfZero();
        everyOther(a);
        a.land(none);
        exchange(a, 0, count);
        a.mov(Gpr.RAX, END);
        a.cmp(Gpr.RAX, Gpr.R8);
        a.jumpIfBelow(run);
        for (int sum = 0; sum < count; sum++) {
            a.vaddps(sum, sum, kept(sum));
        }
    }

    private void everyOther(Assembler a) {
        int loop = a.here();
        vector(a, 0, 0, Dot.SIDE, rows * Dot.SIDE);
        a.add(Gpr.RAX, bits / Float.SIZE);
        a.cmp(Gpr.RAX, END);
        a.jumpIfBelow(loop);
    }

    private void exchange(Assembler a, int away, int back) {
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            a.vmovups(kept(away + sum), sum);
            a.vmovups(sum, kept(back + sum));
        }
    }

    private void begin(Assembler a) {
        if (order == Order.ASKED_AHEAD) {
            a.load(AHEAD, Address.of(Gpr.RSP, frame() + SEVENTH_AT));
        }
        a.clear(Gpr.RAX);
    }

    /**
     * A vector of each of some rows from one on, and a step on.
     *
     * @param sum the first of its sums; those of the next row of x are so many further
     * @param weight the first register for the weight
     */
    private void vector(Assembler a, int from, int sum, int step, int weight) {
        boolean asks = order == Order.ASKED_AHEAD;
        if (asks) {
            fetchNextGroup(a);
        }
        for (int i = 0; i < side(); i++) {
            if (asks) {
                a.prefetcht0(Address.indexed(WEIGHTS[from + i], AHEAD, 0));
            }
            load(a, weights, weight + i, WEIGHTS[from + i]);
        }
        for (int t = 0; t < rows; t++) {
            addProducts(a, t, sum + t * step, weight);
        }
        if (asks) {
            a.add(AHEAD, values() * weights.bytes());
        }
        a.add(Gpr.RAX, values());
    }

    /** Of a row that a vector takes. */
    private int values() {
        return pairs ? PAIRS : bits / Float.SIZE;
    }

    private void load(Assembler a, DType dtype, int to, Gpr row) {
        if (pairs) {
            a.vmovups(to, LaneCode.at(dtype, row, Gpr.RAX));
        } else {
            LaneCode.load(a, dtype, to, row, Gpr.RAX);
        }
    }

    /** Of a vector of x that meets one of the weight alone, loading and multiplying are one instruction. */
    private void addProducts(Assembler a, int t, int sum, int weight) {
        if (side() == 1 && x == DType.FLOAT32) {
            a.vfmadd231ps(sum, weight, LaneCode.at(x, ROWS[t], Gpr.RAX));
            return;
        }
        int value = weight + side();
        load(a, x, value, ROWS[t]);
        for (int i = 0; i < side(); i++) {
            if (pairs) {
                a.vdpbf16ps(sum + i, value, weight + i);
            } else {
                a.vfmadd231ps(sum + i, value, weight + i);
            }
        }
    }

    /** At the end of its row, what is fetched goes on with the row four below. */
    private static void fetchNextGroup(Assembler a) {
        a.cmp(AHEAD, ROW_BYTES);
        int within = a.jumpAheadIfNotZero();
        a.mov(AHEAD, Gpr.RSI);
        a.add(AHEAD, AHEAD);
        a.add(AHEAD, AHEAD);
        a.land(within);
    }
}
