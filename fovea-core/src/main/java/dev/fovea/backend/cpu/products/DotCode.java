package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Dot products of rows in machine code, with the bits of {@link Dot}. It needs no compiling, so that a first token does not wait
 * for C2; and the Vector API of JDK 25 has no conversion from float16, which a loop that C2 turns into it leaves in memory on
 * the way.
 *
 * <p>Four rows of a weight side by side share the loads of x, and are asked for ahead. Where {@linkplain Isa#asksAhead that harms}, rows come
 * fastest one behind the other while x stays in the first-level cache beside them, and what is too long for it in float32 is left in 16 bits.
 */
public final class DotCode {
    private static final Gpr[] WEIGHTS = {Gpr.RDI, Gpr.R10, Gpr.R11, Gpr.RBX};
    private static final Gpr[] ROWS = {Gpr.RCX, Gpr.R12, Gpr.R13, Gpr.R14};
    private static final Gpr AHEAD = Gpr.R15;
    private static final Gpr ROW_BYTES = Gpr.RBP;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    /** Where a function finds its seventh word, above a word of its own, what it has saved, and where it returns to. */
    private static final int SEVENTH_AT = Long.BYTES * (SAVED.length + 2);

    /** Bytes of each of four rows that are asked for before they are needed: what a processor fetches of itself ends with each page. */
    private static final int FETCHED = 2048;

    /** Values of the rows of x up to which they stay in the first-level cache while rows of a weight pass by one behind the other. */
    private static final int SHORT_FLOATS = 3 << 10;

    /** The same in 16 bits. */
    private static final int SHORT_HALVES = 5 << 10;

    /**
     * Vectors of a row for each round of the loop of three rows of x and more, and of any by vectors of 256 bits, where rows are whole rounds.
     * The fewer instructions wait for a vector of the weight, the farther ahead the processor asks for others.
     */
    private static final int ROUND = 4;

    private static final int FEW_ROWS = 2;

    private static final ThreadLocal<Buffer> RESULTS = ThreadLocal.withInitial(Buffer::new);

    private final int bits;
    private final boolean asks;
    private final Map<Form, NativeFunction> kernels = new ConcurrentHashMap<>();
    private final Map<DType, NativeFunction> widening = new ConcurrentHashMap<>();
    private final SumsCode sums;

    /**
     * Of vectors of so many bits.
     *
     * @param asks whether rows are asked for before they are needed
     */
    DotCode(int bits, boolean asks) {
        this.bits = bits;
        this.asks = asks;
        sums = new SumsCode(bits);
    }

    /** How four rows of a weight are read. */
    private enum Order {
        ASKED_AHEAD,
        SIDE_BY_SIDE,
        ONE_BY_ONE
    }

    /**
     * A kernel for so many rows of x.
     *
     * @param round vectors of a row that a round of the loop takes
     */
    private record Form(DType weights, DType x, int rows, Order order, int round) {}

    /** The kernels, or why there are none. */
    public record Found(@Nullable DotCode code, String reason) {
        /** The one for this machine, made when it is first asked for. */
        public static Found here() {
            return Here.FOUND;
        }
    }

    private static final class Here {
        private static final Found FOUND = find();
    }

    private static Found find() {
        int bits = Lanes.SHAPE.vectorBitSize();
        try {
            String absence = LaneCode.absence();
            if (!absence.isEmpty()) {
                return new Found(null, absence);
            }
            return new Found(new DotCode(bits, Isa.asksAhead()), "");
        } catch (NativeException e) {
            return new Found(null, e.problem());
        }
    }

    /** Whether rows of x are best taken as they lie, in 16 bits. */
    boolean takes(Rows x) {
        return !asks
                && x.dtype() != DType.FLOAT32
                && Math.min(x.count(), most()) * x.width() > SHORT_FLOATS
                && x.width() == Lanes.padded(x.width())
                && x.stride() == (long) x.width() * x.dtype().bytes();
    }

    /**
     * {@code line[at + j step + i] = w[i] . x[t + j]} for all rows of w and count rows of x from t on. Where rows of w are no
     * multiple of four, what lies behind them is read as the rest, and the line has room for it.
     *
     * @param w as wide as rows of x with their padding
     */
    void multiply(Rows w, Panel.Strip x, int t, int count, float[] line, int at, int step) {
        int most = most();
        int groups = Math.ceilDiv(w.count(), Dot.SIDE);
        long ahead = Math.min(FETCHED, (long) x.pitch() * w.dtype().bytes());
        for (int j = 0; j < count; j += most) {
            int rows = Math.min(most, count - j);
            long results = RESULTS.get().floats((long) groups * Dot.SIDE * rows);
            kernel(w.dtype(), x, rows).call(w.address(), w.stride(), groups, x.row(t + j), x.pitch(), results, ahead);
            for (int row = 0; row < rows; row++) {
                long from = results + 4L * Dot.SIDE * groups * row;
                Lanes.copy(from, line, at + (j + row) * step, groups * Dot.SIDE);
            }
        }
    }

    /** Rows of x at a time: as many accumulators as there are registers for. */
    private int most() {
        return bits == 512 ? 4 : 2;
    }

    /** Sums of rows by weights. */
    SumsCode sums() {
        return sums;
    }

    /** Copies rows to float32 rows; their width is a multiple of the vector length. */
    public void widen(Rows from, Rows to) {
        widening.computeIfAbsent(from.dtype(), dtype -> MachineCode.nativeFunction(wideningKernel(dtype, bits)))
                .call(from.address(), from.stride(), from.count(), from.width(), to.address(), to.stride());
    }

    private NativeFunction kernel(DType weights, Panel.Strip x, int rows) {
        int few = x.dtype() == DType.FLOAT32 ? SHORT_FLOATS : SHORT_HALVES;
        Order order = asks ? Order.ASKED_AHEAD : rows * x.pitch() <= few ? Order.ONE_BY_ONE : Order.SIDE_BY_SIDE;
        boolean rounds = order == Order.ONE_BY_ONE
                && (rows > FEW_ROWS || bits < 512)
                && x.pitch() % (ROUND * bits / Float.SIZE) == 0;
        Form form = new Form(weights, x.dtype(), rows, order, rounds ? ROUND : 1);
        NativeFunction made = kernels.get(form); // without a lock, unlike the other
        return made != null ? made : kernels.computeIfAbsent(form, f -> MachineCode.nativeFunction(kernel(f, bits)));
    }

    /** A function of the address and stride of rows, their number and width, and address and stride of the copy. */
    private static byte[] wideningKernel(DType dtype, int bits) {
        Assembler a = new Assembler(bits);
        int row = a.here();
        a.clear(Gpr.RAX);
        int loop = a.here();
        LaneCode.load(a, dtype, 0, Gpr.RDI, Gpr.RAX);
        a.vmovups(Address.indexed(Gpr.R8, Gpr.RAX, 2), 0);
        a.add(Gpr.RAX, bits / Float.SIZE);
        a.cmp(Gpr.RAX, Gpr.RCX);
        a.jumpIfBelow(loop);
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.R8, Gpr.R9);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /**
     * A function of w, its stride in bytes, groups of four of its rows, x, n, results and bytes to fetch ahead, a row's at most: for
     * each row of x the sums of all groups. Rows of x are n values apart.
     */
    private static byte[] kernel(Form form, int bits) {
        int rows = form.rows;
        Assembler a = new Assembler(bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        for (int t = 1; t < rows; t++) {
            a.mov(ROWS[t], ROWS[t - 1]);
            for (int i = 0; i < form.x.bytes(); i++) {
                a.add(ROWS[t], Gpr.R8);
            }
        }
        a.mov(Gpr.RAX, Gpr.RDX); // bytes of a row's results
        for (int i = 1; i < Dot.SIDE * Float.BYTES; i *= 2) {
            a.add(Gpr.RAX, Gpr.RAX);
        }
        a.push(Gpr.RAX);
        a.mov(ROW_BYTES, Gpr.R8);
        for (int i = 1; i < form.weights.bytes(); i *= 2) {
            a.add(ROW_BYTES, ROW_BYTES);
        }
        int group = a.here();
        a.load(AHEAD, Address.of(Gpr.RSP, SEVENTH_AT));
        for (int i = 1; i < Dot.SIDE; i++) {
            a.mov(WEIGHTS[i], WEIGHTS[i - 1]);
            a.add(WEIGHTS[i], Gpr.RSI);
        }
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            a.vxorps(sum);
        }
        if (form.order == Order.ONE_BY_ONE) {
            for (int i = 0; i < Dot.SIDE; i++) {
                sums(a, form, bits, i, i + 1);
            }
        } else {
            sums(a, form, bits, 0, Dot.SIDE);
        }
        a.load(Gpr.RAX, Address.of(Gpr.RSP, 0));
        a.mov(AHEAD, Gpr.R9);
        for (int sum = 0; sum < rows * Dot.SIDE; sum++) {
            LaneCode.sum(a, bits, sum, rows * Dot.SIDE);
            a.vmovss(Address.of(AHEAD, Float.BYTES * (sum % Dot.SIDE)), sum);
            if (sum % Dot.SIDE == Dot.SIDE - 1) {
                a.add(AHEAD, Gpr.RAX);
            }
        }
        a.add(Gpr.R9, Float.BYTES * Dot.SIDE);
        a.mov(WEIGHTS[0], WEIGHTS[Dot.SIDE - 1]);
        a.add(WEIGHTS[0], Gpr.RSI);
        a.sub(Gpr.RDX, 1);
        a.jumpIfNotZero(group);
        a.vzeroupper();
        a.pop(Gpr.RAX);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** Registers 4 t + i sum w[i] . x[t], lane by lane, for some i; the four behind them hold w, and one behind those x. */
    private static void sums(Assembler a, Form form, int bits, int from, int to) {
        boolean asks = form.order == Order.ASKED_AHEAD;
        int weights = form.rows * Dot.SIDE;
        a.clear(Gpr.RAX);
        int loop = a.here();
        for (int vector = 0; vector < form.round; vector++) {
            if (asks) {
                fetchNextGroup(a);
            }
            for (int i = from; i < to; i++) {
                if (asks) {
                    a.prefetcht0(Address.indexed(WEIGHTS[i], AHEAD, 0));
                }
                LaneCode.load(a, form.weights, weights + i, WEIGHTS[i], Gpr.RAX);
            }
            for (int t = 0; t < form.rows; t++) {
                addProducts(a, form, t, from, to);
            }
            if (asks) {
                a.add(AHEAD, bits / Float.SIZE * form.weights.bytes());
            }
            a.add(Gpr.RAX, bits / Float.SIZE);
        }
        a.cmp(Gpr.RAX, Gpr.R8);
        a.jumpIfBelow(loop);
    }

    /** Of a vector of x that meets one of the weight alone, loading and multiplying are one instruction. */
    private static void addProducts(Assembler a, Form form, int t, int from, int to) {
        int weights = form.rows * Dot.SIDE;
        if (to - from == 1 && form.x == DType.FLOAT32) {
            a.vfmadd231ps(t * Dot.SIDE + from, weights + from, LaneCode.at(form.x, ROWS[t], Gpr.RAX));
            return;
        }
        int x = weights + Dot.SIDE;
        LaneCode.load(a, form.x, x, ROWS[t], Gpr.RAX);
        for (int i = from; i < to; i++) {
            a.vfmadd231ps(t * Dot.SIDE + i, x, weights + i);
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
