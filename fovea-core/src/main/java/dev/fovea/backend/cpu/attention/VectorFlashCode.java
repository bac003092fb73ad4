package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;
import dev.fovea.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Attention of two vectors of queries of one head with all keys of an interval, by vector instructions: for each block of keys
 * scores, weights and sums of values, in one call. As in {@link FlashCode} a lane is a query, so that nothing is summed or compared
 * across lanes; keys and values are broadcast word by word. Weights ({@link VectorWeights}) and values are float32.
 *
 * <p>A score is one sum along the head's width. Sums of values are made block by block and then added up: shorter chains of
 * additions are more exact.
 */
final class VectorFlashCode {
    /** How scores are multiplied, and in what sizes. */
    enum Form {
        /** float32 by AVX2. */
        FLOATS_256(256, 6, 2),
        /** float32 by AVX-512. */
        FLOATS_512(512, 14, 1),
        /** Pairs of bfloat16 by AVX512_BF16. */
        PAIRS(512, 14, 1);

        /** Of a vector. */
        final int bits;

        /** Keys whose scores, and values of a head whose sums, are in registers at once: as many as there are registers for. */
        final int side;

        /** Keys of a block: with more, chains of additions are longer, and nothing is faster. */
        final int block;

        Form(int bits, int side, int groups) {
            this.bits = bits;
            this.side = side;
            block = groups * side;
        }

        /**
         * For heads of a width; null for those narrower than a vector.
         *
         * @param pairs whether the processor has AVX512_BF16
         */
        static @Nullable Form of(DType dtype, int width, boolean pairs) {
            if (pairs && dtype == DType.BFLOAT16 && width % 2 == 0 && width / 2 >= Lanes.COUNT) {
                return PAIRS;
            }
            Form floats = Lanes.SHAPE.vectorBitSize() == 512 ? FLOATS_512 : FLOATS_256;
            return width >= Lanes.COUNT ? floats : null;
        }

        /** Bytes of a vector. */
        int line() {
            return bits / Byte.SIZE;
        }

        /** Queries of a call: two vectors. */
        int queries() {
            return 2 * bits / Float.SIZE;
        }

        /** Bytes of a word of all queries. */
        int wide() {
            return 2 * line();
        }

        boolean pairs() {
            return this == PAIRS;
        }

        /** Words of a query or key. */
        int words(int width) {
            return pairs() ? width / 2 : width;
        }
    }

    private static final int UNROLLED = 4;

    private static final Gpr QUERIES = Gpr.RDI;
    private static final Gpr KEYS = Gpr.RSI;
    private static final Gpr VALUES = Gpr.RDX;
    private static final Gpr SCORES = VectorWeights.SCORES;
    private static final Gpr SUMS = VectorWeights.SUMS;
    private static final Gpr KEY_AT = Gpr.RBX;
    private static final Gpr SCORES_AT = Gpr.RBP;
    private static final Gpr WORD_AT = Gpr.R12;
    private static final Gpr COUNT = VectorWeights.COUNT;
    private static final Gpr BLOCK = VectorWeights.BLOCK;
    private static final Gpr BLOCKS = Gpr.R14;
    private static final Gpr GROUPS = Gpr.R15;
    private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};

    private final Form form;
    private final int width;
    private final VectorWeights weights;
    private final NativeFunction attend;

    /** @param width of a head; even where words are pairs */
    VectorFlashCode(Form form, int width) {
        this.form = form;
        this.width = width;
        weights = new VectorWeights(form, width);
        attend = MachineCode.nativeFunction(code());
    }

    /** Bytes between packed keys. */
    int keyStride() {
        return form.words(width) * Float.BYTES;
    }

    /** Bytes between packed values. */
    int valueStride() {
        return width * Float.BYTES;
    }

    /** Keys for which there must be room, of so many. */
    int room(int keys) {
        return Math.ceilDiv(keys, form.side) * form.side;
    }

    /** Bytes of scratch for a block's scores. */
    long scoresBytes() {
        return (long) form.block * form.wide();
    }

    /**
     * Sums of values by the weights of keys, divided by the sums of weights.
     *
     * @param queries for each word all queries
     * @param keys rows of {@link #keyStride}; those that fill up the last group may be anything
     * @param values float32 rows of {@link #valueStride}
     * @param count keys, at least one
     * @param sums float32, for each value of a head all queries: where results go
     * @param frame {@link VectorFrame#BYTES} of scratch, which say what queries see
     */
    void attend(long queries, long keys, long values, int count, float scale, long scores, long sums, long frame) {
        int blocks = Math.ceilDiv(count, form.block);
        int last = count - (blocks - 1) * form.block;
        VectorFrame.prepare(frame, blocks, last, Math.ceilDiv(last, form.side), scale);
        attend.call(queries, keys, values, scores, sums, frame);
    }

    // ------------------------------------------------------------------------------------------------------ code

    private byte[] code() {
        Assembler a = new Assembler(form.bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        LaneCode.begin(a);
        weights.begin(a);
        a.load(BLOCKS, VectorFrame.at(VectorFrame.BLOCKS_AT));
        int block = a.here();
        set(a, GROUPS, form.block / form.side);
        set(a, BLOCK, form.block);
        a.mov(COUNT, BLOCKS);
        a.sub(COUNT, 1);
        int full = a.jumpAheadIfNotZero();
        a.load(GROUPS, VectorFrame.at(VectorFrame.LAST_GROUPS_AT));
        a.load(BLOCK, VectorFrame.at(VectorFrame.LAST_AT));
        a.land(full);
        scores(a);
        weights.ofBlock(a);
        sums(a);
        a.add(KEYS, form.block * keyStride());
        a.add(VALUES, form.block * valueStride());
        a.sub(BLOCKS, 1);
        a.jumpIfNotZero(block);
        weights.divide(a);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.code();
    }

    private static void set(Assembler a, Gpr register, int value) {
        a.clear(register);
        a.add(register, value);
    }

    /** {@code scores (keys, queries)} of a block, a group of keys at a time. */
    private void scores(Assembler a) {
        a.mov(KEY_AT, KEYS);
        a.mov(SCORES_AT, SCORES);
        int group = a.here();
        a.mov(Gpr.RAX, QUERIES);
        a.mov(WORD_AT, KEY_AT);
        clear(a, form.side);
        int words = form.words(width);
        if (words >= UNROLLED) {
            set(a, COUNT, words / UNROLLED);
            int loop = a.here();
            for (int i = 0; i < UNROLLED; i++) {
                word(a, i);
            }
            a.add(Gpr.RAX, UNROLLED * form.wide());
            a.add(WORD_AT, UNROLLED * Float.BYTES);
            a.sub(COUNT, 1);
            a.jumpIfNotZero(loop);
        }
        for (int i = 0; i < words % UNROLLED; i++) {
            word(a, i);
        }
        for (int i = 0; i < 2 * form.side; i++) {
            a.vmovups(Address.of(SCORES_AT, i * form.line()), i);
        }
        a.add(KEY_AT, form.side * keyStride());
        a.add(SCORES_AT, form.side * form.wide());
        a.sub(GROUPS, 1);
        a.jumpIfNotZero(group);
    }

    private void word(Assembler a, int word) {
        int queries = 2 * form.side;
        int key = queries + 2;
        for (int half = 0; half < 2; half++) {
            a.vmovups(queries + half, Address.of(Gpr.RAX, word * form.wide() + half * form.line()));
        }
        for (int i = 0; i < form.side; i++) {
            a.vpbroadcastd(key, Address.of(WORD_AT, i * keyStride() + word * Float.BYTES));
            for (int half = 0; half < 2; half++) {
                if (form.pairs()) {
                    a.vdpbf16ps(2 * i + half, queries + half, key);
                } else {
                    a.vfmadd231ps(2 * i + half, queries + half, key);
                }
            }
        }
    }

    private static void clear(Assembler a, int rows) {
        for (int i = 0; i < 2 * rows; i++) {
            a.vxorps(i);
        }
    }

    /** {@code sums (values, queries) += values (keys, values)ᵀ weights (keys, queries)} of a block. */
    private void sums(Assembler a) {
        int groups = Math.ceilDiv(width, form.side);
        for (int group = 0; group < groups; group++) {
            int first = width * group / groups;
            sums(a, first, width * (group + 1) / groups - first);
        }
    }

    private void sums(Assembler a, int first, int count) {
        int weight = 2 * count;
        int value = weight + 2;
        clear(a, count);
        a.mov(Gpr.RAX, SCORES);
        a.mov(KEY_AT, VALUES);
        a.mov(COUNT, BLOCK);
        int loop = a.here();
        for (int half = 0; half < 2; half++) {
            a.vmovups(weight + half, Address.of(Gpr.RAX, half * form.line()));
        }
        for (int i = 0; i < count; i++) {
            a.vpbroadcastd(value, Address.of(KEY_AT, (first + i) * Float.BYTES));
            a.vfmadd231ps(2 * i, weight, value);
            a.vfmadd231ps(2 * i + 1, weight + 1, value);
        }
        a.add(Gpr.RAX, form.wide());
        a.add(KEY_AT, valueStride());
        a.sub(COUNT, 1);
        a.jumpIfNotZero(loop);
        for (int i = 0; i < 2 * count; i++) {
            Address sum = Address.of(SUMS, first * form.wide() + i * form.line());
            a.vaddps(i, i, sum);
            a.vmovups(sum, i);
        }
    }
}
