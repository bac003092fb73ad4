package dev.fovea.backend.cpu.attention;

import static dev.fovea.backend.cpu.attention.VectorWeights.POWER;
import static dev.fovea.backend.cpu.rows.Lanes.FLOAT;
import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.rows.LaneCode;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.x86.Address;
import dev.fovea.ffi.x86.Assembler;
import dev.fovea.ffi.x86.Gpr;
import dev.fovea.ffi.x86.MachineCode;

/**
 * Attention of one query with a block of keys, for heads that share a key head, all of bfloat16 by AVX512_BF16, keys and values where
 * they lie. Of scores a lane is a head, so that nothing is summed or compared across lanes, and keys are broadcast pair by pair; of sums a
 * lane is a value of a head, and weights are broadcast. Weights and sums are float32.
 */
final class StepCode {
    /** Keys whose scores are in registers at once; there are at least as many. */
    static final int SIDE = 12;

    /** Keys of a block, at most: values stay in the first-level cache while one part of their width is summed after another. */
    static final int BLOCK = 64;

    private static final int LARGEST = SIDE;
    private static final int QUERY = SIDE + 1;
    private static final int KEY = SIDE + 2;
    private static final int LINE = 64;
    private static final int LINE_WORDS = LINE / Integer.BYTES;
    private static final int VALUES = 16; // of a vector of sums
    private static final int REGISTERS = 32;

    // of the frame
    private static final int GROUPS_AT = 0;
    private static final int COUNT_AT = 8;
    private static final int LAST_KEY_AT = 16; // 0 where groups are whole
    private static final int LAST_VALUE_AT = 24;
    private static final int LAST_SCORE_AT = 32;
    private static final int SCALE_AT = 40;
    private static final int GREATEST_AT = 64;
    private static final int TOTAL_AT = 128;
    private static final int SHRINK_AT = 192;
    static final int FRAME_BYTES = 256;

    private static final Gpr FRAME = Gpr.R9;
    private static final Gpr LEFT = Gpr.R11;
    private static final Gpr QUERY_AT = Gpr.RAX;
    private static final Gpr KEY_AT = Gpr.RSI;
    private static final Gpr VALUE_AT = Gpr.RCX;
    private static final Gpr SCORE_AT = Gpr.R8;
    private static final Gpr GROUPS = Gpr.RBX;

    private final Form form;
    private final NativeFunction weigh;
    private final NativeFunction sum;

    /**
     * @param heads of the query, 1 to 16
     * @param width of a head, a multiple of 32
     * @param keyStride bytes from key to key
     * @param valueStride bytes from value to value
     */
    record Form(int heads, int width, int keyStride, int valueStride) {
        /** Heads are lanes of half a vector where it has them all. */
        int bits() {
            return heads <= 8 ? 256 : 512;
        }

        /** Bytes of a word, a score or a weight of all lanes. */
        int line() {
            return bits() / Byte.SIZE;
        }

        int vectors() {
            return width / VALUES;
        }
    }

    StepCode(Form form) {
        this.form = form;
        weigh = MachineCode.nativeFunction(weighing());
        sum = MachineCode.nativeFunction(summing());
    }

    /** For a query that has seen no key. */
    static void begin(long frame, float scale) {
        MEMORY.set(FLOAT, frame + SCALE_AT, scale * FlashFrame.LOG2_E);
        for (int lane = 0; lane < VALUES; lane++) {
            MEMORY.set(FLOAT, frame + GREATEST_AT + 4L * lane, Float.NEGATIVE_INFINITY);
            MEMORY.set(FLOAT, frame + TOTAL_AT + 4L * lane, 0);
        }
    }

    /** The sum of a head's weights. */
    static float total(long frame, int head) {
        return MEMORY.get(FLOAT, frame + TOTAL_AT + 4L * head);
    }

    /**
     * Adds values by the weights of their keys, and makes sums of before smaller where a greatest score grows.
     *
     * @param queries for each pair of a head's values all lanes
     * @param count keys, from {@link #SIDE} to {@link #BLOCK}
     * @param scores scratch for a line of each key
     * @param sums float32 (heads, width), numbers at first
     */
    void attend(long queries, long keys, long values, int count, long scores, long sums, long frame) {
        int last = count % SIDE == 0 ? 0 : count - SIDE; // the last group begins with keys of the one before
        MEMORY.set(JAVA_LONG, frame + GROUPS_AT, count / SIDE);
        MEMORY.set(JAVA_LONG, frame + COUNT_AT, count);
        MEMORY.set(JAVA_LONG, frame + LAST_KEY_AT, last == 0 ? 0 : keys + (long) last * form.keyStride);
        MEMORY.set(JAVA_LONG, frame + LAST_VALUE_AT, values + (long) last * form.valueStride);
        MEMORY.set(JAVA_LONG, frame + LAST_SCORE_AT, scores + (long) last * form.line());
        weigh.call(queries, keys, scores, values, 0, frame);
        sum.call(values, count, scores, sums, 0, frame);
    }

    // --------------------------------------------------------------------------------------------------- weights

    /** A function of queries, keys, scores, values and, as its sixth, the frame. */
    private byte[] weighing() {
        Assembler a = new Assembler(form.bits());
        a.push(GROUPS);
        LaneCode.begin(a);
        a.mov(SCORE_AT, Gpr.RDX);
        a.load(GROUPS, Address.of(FRAME, GROUPS_AT));
        a.vmovups(LARGEST, Address.of(FRAME, GREATEST_AT));
        int group = a.here();
        scores(a);
        a.add(KEY_AT, SIDE * form.keyStride - form.width * Short.BYTES);
        a.add(VALUE_AT, SIDE * form.valueStride - form.width * Short.BYTES);
        a.add(SCORE_AT, SIDE * form.line());
        a.sub(GROUPS, 1);
        a.jumpIfNotZero(group);
        a.load(KEY_AT, Address.of(FRAME, LAST_KEY_AT));
        a.add(KEY_AT, 0);
        int whole = a.jumpAheadIfZero();
        a.load(VALUE_AT, Address.of(FRAME, LAST_VALUE_AT));
        a.load(SCORE_AT, Address.of(FRAME, LAST_SCORE_AT));
        a.store(Address.of(FRAME, LAST_KEY_AT), GROUPS); // zero
        a.add(GROUPS, 1);
        a.jumpIfNotZero(group);
        a.land(whole);
        weights(a);
        a.vzeroupper();
        a.pop(GROUPS);
        a.ret();
        return a.code();
    }

    /** Of a group of keys. Its values and the next keys are asked for meanwhile: so few words of each row are none that a processor fetches of itself. */
    private void scores(Assembler a) {
        for (int key = 0; key < SIDE; key++) {
            a.vxorps(key);
        }
        a.mov(QUERY_AT, Gpr.RDI);
        a.clear(LEFT);
        a.add(LEFT, form.width / 2 / LINE_WORDS);
        int loop = a.here();
        for (int word = 0; word < LINE_WORDS; word++) {
            if (word < SIDE) {
                a.prefetcht0(Address.of(KEY_AT, (SIDE + word) * form.keyStride));
                a.prefetcht0(Address.of(VALUE_AT, word * form.valueStride));
            }
            a.vmovups(QUERY, Address.of(QUERY_AT, word * form.line()));
            for (int key = 0; key < SIDE; key++) {
                a.vpbroadcastd(KEY, Address.of(KEY_AT, key * form.keyStride + word * Float.BYTES));
                a.vdpbf16ps(form.bits(), key, QUERY, KEY);
            }
        }
        a.add(QUERY_AT, LINE_WORDS * form.line());
        a.add(KEY_AT, LINE);
        a.add(VALUE_AT, LINE);
        a.sub(LEFT, 1);
        a.jumpIfNotZero(loop);
        for (int key = 0; key < SIDE; key++) {
            a.vmovups(Address.of(SCORE_AT, key * form.line()), key);
            a.vmaxps(LARGEST, LARGEST, key);
        }
    }

    /** Scores become weights, relative to the greatest. */
    private void weights(Assembler a) {
        int scale = 4;
        int sum = 5;
        a.vpbroadcastd(scale, Address.of(FRAME, SCALE_AT));
        a.vmovups(0, Address.of(FRAME, GREATEST_AT));
        a.vmovups(Address.of(FRAME, GREATEST_AT), LARGEST);
        a.vsubps(0, 0, LARGEST);
        a.vmulps(0, 0, scale);
        power(a, 0, 1, 2);
        a.vmovups(Address.of(FRAME, SHRINK_AT), 0);
        a.vmulps(sum, 0, Address.of(FRAME, TOTAL_AT));
        a.load(LEFT, Address.of(FRAME, COUNT_AT));
        int loop = a.here();
        a.vmovups(0, Address.of(Gpr.RDX, 0));
        a.vsubps(0, 0, LARGEST);
        a.vmulps(0, 0, scale);
        power(a, 0, 1, 2);
        a.vmovups(Address.of(Gpr.RDX, 0), 0);
        a.vaddps(form.bits(), sum, sum, 0);
        a.add(Gpr.RDX, form.line());
        a.sub(LEFT, 1);
        a.jumpIfNotZero(loop);
        a.vmovups(Address.of(FRAME, TOTAL_AT), sum);
    }

    /** {@code x = 2^x}; at least 2^-126. A product, since adding to the bits would make numbers of some NaN. */
    private void power(Assembler a, int x, int integer, int power) {
        a.vmovups(power, LaneCode.constant(FlashFrame.LEAST));
        a.vmaxps(x, power, x);
        a.vaddps(integer, x, LaneCode.constant(FlashFrame.TO_POWER));
        a.vsubps(power, integer, LaneCode.constant(FlashFrame.TO_POWER));
        a.vsubps(x, x, power);
        int degree = POWER.length - 1;
        a.vmovups(power, LaneCode.constant(POWER[degree] / 2));
        for (int i = degree - 1; i >= 0; i--) {
            a.vfmadd213ps(power, x, LaneCode.constant(POWER[i] / 2));
        }
        a.vpslld(integer, integer, 23);
        a.vmulps(x, power, integer);
    }

    // ------------------------------------------------------------------------------------------------------ sums

    /** A function of values, their number, weights, sums and, as its sixth, the frame. */
    private byte[] summing() {
        Assembler a = new Assembler(512);
        int most = Math.min(form.vectors(), (REGISTERS - 1) / (form.heads + 1));
        int parts = Math.ceilDiv(form.vectors(), most);
        for (int part = 0; part < parts; part++) {
            int from = form.vectors() * part / parts;
            sums(a, from, form.vectors() * (part + 1) / parts - from);
        }
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Some vectors of the width. */
    private void sums(Assembler a, int from, int vectors) {
        int sums = form.heads * vectors;
        int weight = sums + vectors;
        for (int sum = 0; sum < sums; sum++) {
            a.vxorps(sum);
        }
        a.mov(LEFT, Gpr.RSI);
        a.mov(Gpr.RAX, Gpr.RDX);
        a.mov(Gpr.R8, Gpr.RDI);
        int loop = a.here();
        for (int i = 0; i < vectors; i++) {
            a.vpmovzxwd(sums + i, Address.of(Gpr.R8, (from + i) * VALUES * Short.BYTES));
            a.vpslld(sums + i, sums + i, Short.SIZE);
        }
        for (int head = 0; head < form.heads; head++) {
            a.vpbroadcastd(weight, Address.of(Gpr.RAX, head * Float.BYTES));
            for (int i = 0; i < vectors; i++) {
                a.vfmadd231ps(head * vectors + i, weight, sums + i);
            }
        }
        a.add(Gpr.RAX, form.line());
        a.add(Gpr.R8, form.valueStride);
        a.sub(LEFT, 1);
        a.jumpIfNotZero(loop);
        for (int head = 0; head < form.heads; head++) {
            for (int i = 0; i < vectors; i++) {
                Address sum = Address.of(Gpr.RCX, (head * form.vectors() + from + i) * VALUES * Float.BYTES);
                a.vmovups(weight, sum);
                a.vfmadd231psOfAll(head * vectors + i, weight, Address.of(FRAME, SHRINK_AT + head * Float.BYTES));
                a.vmovups(sum, head * vectors + i);
            }
        }
    }
}
