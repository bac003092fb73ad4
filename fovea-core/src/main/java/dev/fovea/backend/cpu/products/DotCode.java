package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.products.DotKernel.Order;
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
    /** Bytes of each of four rows that are asked for before they are needed: what a processor fetches of itself ends with each page. */
    private static final int FETCHED = 2048;

    /** Values of the rows of x up to which they stay in the first-level cache while rows of a weight pass by one behind the other. */
    private static final int SHORT_FLOATS = 3 << 10;

    /** The same in 16 bits. */
    private static final int SHORT_HALVES = 5 << 10;

    /** And of those in pairs. */
    private static final int SHORT_PAIRS = 6 << 10;

    /**
     * Vectors of a row for each round of the loop of three rows of x and more, and of any by vectors of 256 bits, where rows are whole rounds
     * and come one behind the other. The fewer instructions wait for a vector of the weight, the farther ahead the processor asks for others.
     */
    private static final int ROUND = 4;

    private static final int FEW_ROWS = 2;

    /** Rows of x up to which each meets weights in 12 bits by itself, where nothing is multiplied in pairs. */
    private static final int FEW_LOSSLESS = 4;

    private static final ThreadLocal<Buffer> RESULTS = ThreadLocal.withInitial(Buffer::new);

    private final int bits;
    private final boolean asks;
    private final boolean pairs;
    private final Map<DotKernel, NativeFunction> kernels = new ConcurrentHashMap<>();
    private final Map<DType, NativeFunction> widening = new ConcurrentHashMap<>();
    private final SumsCode sums;
    private final LosslessCode lossless;

    /**
     * Of vectors of so many bits.
     *
     * @param asks whether rows are asked for before they are needed
     * @param pairs whether bfloat16 is multiplied in pairs, by AVX512_BF16, where rows are a multiple of {@link DotKernel#PAIRS} values
     */
    DotCode(int bits, boolean asks, boolean pairs) {
        this.bits = bits;
        this.asks = asks;
        this.pairs = pairs;
        sums = new SumsCode(bits);
        lossless = new LosslessCode(bits);
    }

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
            boolean pairs = bits == 512 && Isa.AVX512_BF16.isPresent() && !Isa.AMX.isPresent();
            return new Found(new DotCode(bits, Isa.asksAhead(), pairs), "");
        } catch (NativeException e) {
            return new Found(null, e.problem());
        }
    }

    /** Whether rows of x are taken in 16 bits: those for pairs have to be, and others are where that is best and they lie one behind the other. */
    boolean takes(Rows x) {
        return inPairs(x.dtype(), x.width())
                || !asks
                        && x.dtype() != DType.FLOAT32
                        && Math.min(x.count(), DotKernel.most(bits, Order.SIDE_BY_SIDE, false)) * x.width()
                                > SHORT_FLOATS
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
        int most = most(w.dtype(), x);
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

    /** Sums of rows by weights. */
    SumsCode sums() {
        return sums;
    }

    /** Weights in 12 bits. */
    LosslessCode lossless() {
        return lossless;
    }

    /**
     * How many rows of x meet weights in 12 bits at once where they lie: several in pairs, else one; 0 where values are better widened
     * first.
     */
    int meetsLossless(Panel.Strip x) {
        if (inPairs(DType.BFLOAT16, x)) {
            return most(DType.BFLOAT16, x);
        }
        return x.count() <= FEW_LOSSLESS ? 1 : 0;
    }

    /** Copies rows to float32 rows; their width is a multiple of the vector length. */
    public void widen(Rows from, Rows to) {
        widening.computeIfAbsent(from.dtype(), dtype -> MachineCode.nativeFunction(wideningKernel(dtype, bits)))
                .call(from.address(), from.stride(), from.count(), from.width(), to.address(), to.stride());
    }

    /** Whether two values of the dtype are multiplied at a time. */
    boolean takesPairs(DType dtype) {
        return inPairs(dtype, DotKernel.PAIRS);
    }

    /** Rows of x that it is best to give {@link #multiply} at once. */
    int most(DType weights, Panel.Strip x) {
        Order order = asks ? Order.ASKED_AHEAD : Order.SIDE_BY_SIDE;
        return DotKernel.most(bits, order, inPairs(weights, x));
    }

    private boolean inPairs(DType weights, Panel.Strip x) {
        return weights == x.dtype() && inPairs(weights, x.pitch());
    }

    private boolean inPairs(DType dtype, int width) {
        return pairs && dtype == DType.BFLOAT16 && width > 0 && width % DotKernel.PAIRS == 0;
    }

    private NativeFunction kernel(DType weights, Panel.Strip x, int rows) {
        boolean twos = inPairs(weights, x);
        int few = twos ? SHORT_PAIRS : x.dtype() == DType.FLOAT32 ? SHORT_FLOATS : SHORT_HALVES;
        Order order = asks ? Order.ASKED_AHEAD : rows * x.pitch() <= few ? Order.ONE_BY_ONE : Order.SIDE_BY_SIDE;
        boolean rounds = order == Order.ONE_BY_ONE
                && (rows > FEW_ROWS || bits < 512)
                && x.pitch() % (ROUND * (twos ? DotKernel.PAIRS : bits / Float.SIZE)) == 0;
        int round = rounds ? ROUND : Dot.LANES * Float.SIZE / bits;
        DotKernel kernel =
                new DotKernel(bits, weights, x.dtype(), rows, order, round, x.pitch() % Dot.LANES == 0, twos);
        NativeFunction made = kernels.get(kernel); // without a lock, unlike the other
        return made != null ? made : kernels.computeIfAbsent(kernel, k -> MachineCode.nativeFunction(k.code()));
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
}
