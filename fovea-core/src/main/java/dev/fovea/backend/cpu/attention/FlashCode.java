package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.attention.FlashFrame.GREATEST_AT;
import static dev.fovea.backend.cpu.attention.FlashFrame.TOTAL_AT;

import dev.fovea.backend.cpu.products.TileShapes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Attention of 32 queries of one head with all keys of an interval, of bfloat16 by AMX: for each block of keys scores, weights and
 * sums of values, in one call. All is turned: a lane of a vector is a query, so that nothing is summed or compared across lanes, and
 * weights come to lie as tiles want them.
 *
 * <p>Weights ({@link FlashWeights}) are two bfloat16 each, which make up 17 bits, as the contract asks for.
 */
final class FlashCode {
    /** Queries of a call: two tiles side by side. */
    static final int QUERIES = 32;

    /** Keys come in multiples of it. */
    static final int STEP = 32;

    /** Keys of a block: its scores and weights, and the scores of the next, stay in the first-level cache. */
    static final int BLOCK = 64;

    private static final int SIDE = TileShapes.SIDE;
    private static final int LINE = TileShapes.LINE;
    static final int WIDE = QUERIES * Float.BYTES;

    /** Bytes of the scores of two keys, or of the two parts of their weights. */
    static final int PAIR = 2 * WIDE;

    private static final int UPPER = SIDE * WIDE; // from a tile of scores or sums to the one below it

    /** A row of a block's values: not a power of two, or a tile's rows would lie in the same few sets of the cache. */
    static final int VALUES_STRIDE = BLOCK * Short.BYTES + LINE;

    private static final Gpr KEY_STRIDE = Gpr.R10;
    private static final Gpr WIDE_STRIDE = Gpr.R11;
    private static final Gpr VALUE_STRIDE = Gpr.R12;
    private static final Gpr FURTHER_VALUES = Gpr.R13;
    private static final Gpr BLOCKS = Gpr.R14;
    private static final Gpr STEPS = Gpr.R15;
    private static final Gpr SCORES = FlashWeights.SCORES;
    private static final Gpr SCORES_AT = FlashWeights.END;
    private static final Gpr WEIGHTS_AT = FlashWeights.AT;
    private static final Gpr KEYS_AT = Gpr.RBX;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    private final int keySteps; // tiles of the head's width, 32 values each
    private final int valueTiles; // 16 values each
    private final FlashWeights weights;
    private final NativeFunction attend;

    /** @param width of a head */
    FlashCode(int width) {
        keySteps = Math.ceilDiv(width, STEP);
        valueTiles = Math.ceilDiv(width, SIDE);
        weights = new FlashWeights(values());
        attend = MachineCode.nativeFunction(code());
    }

    /** Bytes between packed keys. */
    int keyStride() {
        return keySteps * LINE;
    }

    /** Words of a packed query or key. */
    int words() {
        return keySteps * SIDE;
    }

    /** Values of a head with what fills up the last tile. */
    int values() {
        return valueTiles * SIDE;
    }

    /** Bytes of a block's packed values. */
    long valuesBytes() {
        return (long) values() * VALUES_STRIDE;
    }

    /** Bytes of scratch for scores, of two blocks. */
    static long scoresBytes() {
        return 2L * BLOCK * WIDE;
    }

    /** Bytes of the sums: float32, for each value of a head all queries. */
    long sumsBytes() {
        return (long) values() * WIDE;
    }

    /**
     * Sums of values by the weights of keys, divided by the sums of weights.
     *
     * @param queries for each word all queries
     * @param keys rows of {@link #keyStride}, a multiple of {@link #STEP}
     * @param values block by block: for each value of a head all keys, zeros beyond the last
     * @param count keys, at least one
     * @param sums where results go
     */
    void attend(long queries, long keys, long values, int count, float scale, long scores, long sums, long frame) {
        int full = (count - 1) / BLOCK;
        int last = count - full * BLOCK;
        int steps = Math.ceilDiv(last, STEP);
        FlashFrame.put(frame, FlashFrame.FULL_BLOCKS_AT, full);
        FlashFrame.put(frame, FlashFrame.LAST_STEPS_AT, steps);
        FlashFrame.put(frame, FlashFrame.LAST_HIDDEN_AT, steps * STEP - last);
        FlashFrame.put(frame, FlashFrame.LAST_HIDDEN_FROM_AT, (long) last * WIDE);
        FlashFrame.put(frame, FlashFrame.FURTHER_SCORES_AT, scores + (long) BLOCK * WIDE);
        FlashFrame.scale(frame, scale);
        attend.call(queries, keys, values, scores, sums, frame);
    }

    // ------------------------------------------------------------------------------------------------------ code

    private byte[] code() {
        Assembler a = new Assembler(512);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        begin(a);
        a.load(BLOCKS, FlashFrame.at(FlashFrame.FULL_BLOCKS_AT));
        a.add(BLOCKS, 0);
        int none = a.jumpAheadIfZero();
        blocks(a);
        a.land(none);
        a.load(STEPS, FlashFrame.at(FlashFrame.LAST_STEPS_AT));
        scores(a);
        hide(a);
        weights.begin(a);
        FlashWeights.all(a);
        FlashWeights.end(a);
        a.load(STEPS, FlashFrame.at(FlashFrame.LAST_STEPS_AT));
        sums(a);
        divide(a);
        a.tilerelease();
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    /** All blocks but the last, which may be shorter: between the weights of one are the scores of the next. */
    private void blocks(Assembler a) {
        set(a, STEPS, BLOCK / STEP);
        scores(a);
        int block = a.here();
        a.mov(SCORES_AT, SCORES);
        a.add(SCORES_AT, BLOCK * WIDE);
        weights.begin(a);
        a.mov(KEYS_AT, BLOCKS);
        a.sub(KEYS_AT, 1);
        int noneFollows = a.jumpAheadIfZero();
        weightsAndFurtherScores(a);
        int done = a.jumpAheadIfZero();
        a.land(noneFollows);
        FlashWeights.all(a);
        a.land(done);
        FlashWeights.end(a);
        set(a, STEPS, BLOCK / STEP);
        sums(a);
        a.load(SCORES_AT, FlashFrame.at(FlashFrame.FURTHER_SCORES_AT));
        a.store(FlashFrame.at(FlashFrame.FURTHER_SCORES_AT), SCORES);
        a.mov(SCORES, SCORES_AT);
        a.add(Gpr.RSI, BLOCK * keyStride());
        a.add(Gpr.RDX, (int) valuesBytes());
        a.sub(BLOCKS, 1);
        a.jumpIfNotZero(block);
    }

    private static void set(Assembler a, Gpr register, int value) {
        a.clear(register);
        a.add(register, value);
    }

    private void begin(Assembler a) {
        a.load(Gpr.RAX, FlashFrame.at(FlashFrame.SHAPES_AT));
        a.ldtilecfg(Address.of(Gpr.RAX, 0));
        set(a, KEY_STRIDE, keyStride());
        set(a, WIDE_STRIDE, WIDE);
        set(a, VALUE_STRIDE, VALUES_STRIDE);
        FlashFrame.loadConstants(a);
        FlashFrame.broadcast(a, 0, FlashFrame.HIDDEN);
        a.vxorps(1);
        for (int half = 0; half < 2; half++) {
            a.vmovups(FlashFrame.at(GREATEST_AT + half * LINE), 0);
            a.vmovups(FlashFrame.at(TOTAL_AT + half * LINE), 1);
        }
        for (int i = 0; i < 2 * values(); i++) {
            a.vmovups(Address.of(FlashWeights.SUMS, i * LINE), 1);
        }
    }

    // ---------------------------------------------------------------------------------------------------- scores

    /** {@code scores (keys, queries)} of a block, 32 keys at a time. */
    private void scores(Assembler a) {
        a.mov(KEYS_AT, Gpr.RSI);
        a.mov(SCORES_AT, SCORES);
        int loop = a.here();
        scoresOfStep().forEach(part -> part.accept(a));
        nextScores(a, loop);
    }

    private void nextScores(Assembler a, int loop) {
        a.add(KEYS_AT, STEP * keyStride());
        a.add(SCORES_AT, 2 * UPPER);
        a.sub(STEPS, 1);
        a.jumpIfNotZero(loop);
    }

    /** Instructions for the scores of 32 keys, four or five at a time. */
    private List<Consumer<Assembler>> scoresOfStep() {
        List<Consumer<Assembler>> parts = new ArrayList<>();
        parts.add(a -> IntStream.range(0, 4).forEach(a::tilezero));
        for (int step = 0; step < keySteps; step++) {
            int line = step * LINE;
            int queries = step * UPPER;
            parts.add(a -> {
                a.tileloadd(4, Address.indexed(KEYS_AT, KEY_STRIDE, 0, line));
                a.tileloadd(6, Address.indexed(Gpr.RDI, WIDE_STRIDE, 0, queries));
                a.tileloadd(7, Address.indexed(Gpr.RDI, WIDE_STRIDE, 0, queries + LINE));
                a.tileloadd(5, Address.indexed(KEYS_AT, KEY_STRIDE, 0, line + SIDE * keyStride()));
            });
            parts.add(a -> multiply(a, true));
        }
        for (int i = 0; i < 4; i++) {
            int tile = i;
            int at = i / 2 * UPPER + i % 2 * LINE;
            parts.add(a -> a.tilestored(Address.indexed(SCORES_AT, WIDE_STRIDE, 0, at), tile));
        }
        return parts;
    }

    /**
     * Weights of a block between instructions for the scores of the next, which other units of the processor compute, and its values
     * are asked for. The last result is zero.
     */
    private void weightsAndFurtherScores(Assembler a) {
        a.mov(KEYS_AT, Gpr.RSI);
        a.add(KEYS_AT, BLOCK * keyStride());
        a.load(SCORES_AT, FlashFrame.at(FlashFrame.FURTHER_SCORES_AT));
        a.mov(FURTHER_VALUES, Gpr.RDX);
        set(a, STEPS, BLOCK / STEP);
        List<Consumer<Assembler>> parts = scoresOfStep();
        int rows = values() * STEP / BLOCK;
        int lines = rows * BLOCK * Short.BYTES / LINE;
        int loop = a.here();
        for (int pair = 0; pair < SIDE; pair++) {
            FlashWeights.pair(a, pair * PAIR);
            parts.subList(share(pair, parts.size()), share(pair + 1, parts.size()))
                    .forEach(part -> part.accept(a));
            for (int line = share(pair, lines); line < share(pair + 1, lines); line++) {
                a.prefetcht0(Address.of(FURTHER_VALUES, line % rows * VALUES_STRIDE + line / rows * LINE));
            }
        }
        a.add(WEIGHTS_AT, SIDE * PAIR);
        a.add(FURTHER_VALUES, rows * VALUES_STRIDE);
        nextScores(a, loop);
    }

    private static int share(int pair, int parts) {
        return pair * parts / SIDE;
    }

    /** Tiles 4 and 5 with 6 and 7, added to tiles 0 to 3; or 4 alone, to 0 and 1. */
    private static void multiply(Assembler a, boolean both) {
        a.tdpbf16ps(0, 4, 6);
        a.tdpbf16ps(1, 4, 7);
        if (both) {
            a.tdpbf16ps(2, 5, 6);
            a.tdpbf16ps(3, 5, 7);
        }
    }

    /** Scores of what fills up the last step. */
    private static void hide(Assembler a) {
        a.load(Gpr.RAX, FlashFrame.at(FlashFrame.LAST_HIDDEN_AT));
        a.add(Gpr.RAX, 0);
        int none = a.jumpAheadIfZero();
        FlashFrame.broadcast(a, 0, FlashFrame.HIDDEN);
        a.load(Gpr.RBX, FlashFrame.at(FlashFrame.LAST_HIDDEN_FROM_AT));
        a.add(Gpr.RBX, SCORES);
        int loop = a.here();
        a.vmovups(Address.of(Gpr.RBX, 0), 0);
        a.vmovups(Address.of(Gpr.RBX, LINE), 0);
        a.add(Gpr.RBX, WIDE);
        a.sub(Gpr.RAX, 1);
        a.jumpIfNotZero(loop);
        a.land(none);
    }

    // ------------------------------------------------------------------------------------------------------ sums

    /** {@code sums (values, queries) += values (values, keys) weights (keys, queries)} of a block. */
    private void sums(Assembler a) {
        for (int tile = 0; tile < valueTiles; tile += 2) {
            boolean both = tile + 1 < valueTiles;
            int tiles = both ? 4 : 2;
            for (int i = 0; i < tiles; i++) {
                a.tileloadd(i, sums(tile, i));
            }
            a.mov(Gpr.RBX, STEPS);
            a.mov(Gpr.RAX, Gpr.RDX);
            a.add(Gpr.RAX, tile * SIDE * VALUES_STRIDE);
            a.mov(Gpr.RBP, SCORES);
            int loop = a.here();
            a.tileloadd(4, Address.indexed(Gpr.RAX, VALUE_STRIDE, 0));
            if (both) {
                a.tileloadd(5, Address.indexed(Gpr.RAX, VALUE_STRIDE, 0, SIDE * VALUES_STRIDE));
            }
            for (int part = 0; part < 2; part++) {
                a.tileloadd(6, Address.indexed(Gpr.RBP, WIDE_STRIDE, 1, part * WIDE));
                a.tileloadd(7, Address.indexed(Gpr.RBP, WIDE_STRIDE, 1, part * WIDE + LINE));
                multiply(a, both);
            }
            a.add(Gpr.RAX, LINE);
            a.add(Gpr.RBP, SIDE * PAIR);
            a.sub(Gpr.RBX, 1);
            a.jumpIfNotZero(loop);
            for (int i = 0; i < tiles; i++) {
                a.tilestored(sums(tile, i), i);
            }
        }
    }

    private static Address sums(int tile, int i) {
        return Address.indexed(FlashWeights.SUMS, WIDE_STRIDE, 0, (tile + i / 2) * UPPER + i % 2 * LINE);
    }

    private void divide(Assembler a) {
        FlashFrame.broadcast(a, 2, FlashFrame.ONE);
        for (int half = 0; half < 2; half++) {
            a.vmovups(3, FlashFrame.at(TOTAL_AT + half * LINE));
            a.vdivps(half, 2, 3);
        }
        weights.scale(a, 0);
    }
}
