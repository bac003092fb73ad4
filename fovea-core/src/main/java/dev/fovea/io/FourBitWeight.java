package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * A weight in bitsandbytes' NF4 or FP4: values in blocks, row after row, {@code table[code] absmax[block]}, of which each product is
 * made in float32 and rounded once to the dtype that the weight had, as bitsandbytes does on GPUs. Two codes lie in a byte, the
 * first in its high half. Scales are float32, or of 8 bits with a table and scales of their own ("double quantisation").
 */
final class FourBitWeight implements CodedWeight {
    private static final int LEVELS = 16;
    private static final int NESTED_LEVELS = 256;

    /** Values that one task widens, or a block where that has more. */
    private static final int CHUNK = 1 << 15;

    private static final Range BLOCK = Range.of(2, 1 << 20);

    /** Far above every such text. */
    private static final int STATE_BYTES = 1 << 16;

    private static final int AXES = 3;

    private final String name;
    private final State state;
    private final Part codes;
    private final Optional<Part> absmax;
    private final Optional<Part> table;
    private final Optional<Part> nestedAbsmax;
    private final Optional<Part> nestedTable;

    /** What the weight says of itself in JSON. */
    private record State(DType dtype, Shape shape, int block, int nestedBlock, float nestedOffset) {
        /** @throws InputException with the file's path, where it cannot be */
        static State of(Part part, String name) {
            try {
                return parse(part, name);
            } catch (InputException e) {
                throw new InputException(Quote.of(part.file().path()) + ": " + e.problem(), "download it again", e);
            }
        }

        private static State parse(Part part, String name) {
            long bytes = part.bytes().byteSize();
            if (bytes > STATE_BYTES) {
                throw new InputException(name + " has " + bytes + " bytes; expected at most " + STATE_BYTES);
            }
            String text = new String(part.bytes().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
            Config c = Config.of(Json.object(Json.parse(text, name), name), name);
            int block = c.integer("blocksize", BLOCK);
            c.require(block % 2 == 0, "blocksize", "an even number");
            int[] shape = c.optionalIntegers("shape", Range.SIZE).orElseThrow(() -> c.refusal("shape", "its sizes"));
            c.require(shape.length <= AXES, "shape", "at most " + AXES + " sizes");
            DType dtype = c.optionalOf("dtype", Bitsandbytes.DTYPES)
                    .orElseThrow(() -> c.refusal("dtype", "that of the values"));
            return new State(dtype, Shape.of(shape), block, c.integer("nested_blocksize", NESTED_LEVELS, BLOCK), (float)
                    c.number("nested_offset", 0));
        }

        long blocks() {
            return Math.ceilDiv(shape.size(), (long) block);
        }
    }

    private FourBitWeight(String name, State state, Part codes, Function<String, Optional<Part>> find) {
        this.name = name;
        this.state = state;
        this.codes = codes;
        absmax = find.apply(name + ".absmax");
        table = find.apply(name + ".quant_map");
        nestedAbsmax = find.apply(name + ".nested_absmax");
        nestedTable = find.apply(name + ".nested_quant_map");
    }

    /** @throws InputException where what it says of itself cannot be */
    static Optional<FourBitWeight> find(String name, Function<String, Optional<Part>> find) {
        for (String type : new String[] {"nf4", "fp4"}) {
            String key = name + ".quant_state.bitsandbytes__" + type;
            Optional<Part> state = find.apply(key);
            if (state.isPresent()) {
                return find.apply(name)
                        .map(codes -> new FourBitWeight(name, State.of(state.get(), Quote.of(key)), codes, find));
            }
        }
        return Optional.empty();
    }

    @Override
    public Shape shape() {
        return state.shape;
    }

    @Override
    public DType dtype() {
        return state.dtype;
    }

    @Override
    public List<String> misfits() {
        List<String> misfits = new ArrayList<>();
        long bytes = Math.ceilDiv(state.shape.size(), 2L);
        if (codes.bytes().byteSize() != bytes) {
            misfits.add(Quote.of(name) + " is " + codes.entry().type() + " "
                    + codes.entry().shape() + ", expected " + bytes + " bytes");
        }
        boolean nested = nestedAbsmax.isPresent() || nestedTable.isPresent();
        check(misfits, ".absmax", absmax, nested ? StoredType.U8 : StoredType.F32, state.blocks());
        check(misfits, ".quant_map", table, StoredType.F32, LEVELS);
        if (nested) {
            long blocks = Math.ceilDiv(state.blocks(), (long) state.nestedBlock);
            check(misfits, ".nested_absmax", nestedAbsmax, StoredType.F32, blocks);
            check(misfits, ".nested_quant_map", nestedTable, StoredType.F32, NESTED_LEVELS);
        }
        return misfits;
    }

    private void check(List<String> misfits, String part, Optional<Part> found, StoredType type, long count) {
        String wanted = type + " [" + count + "]";
        if (found.isEmpty()) {
            misfits.add(Quote.of(name + part) + " is missing, expected " + wanted);
            return;
        }
        WeightFile.Entry entry = found.get().entry();
        if (entry.type() != type || entry.shape().rank() != 1 || entry.shape().size() != count) {
            misfits.add(Quote.of(name + part) + " is " + entry.type() + " " + entry.shape() + ", expected " + wanted);
        }
    }

    @Override
    public Optional<QuantizedMatrix> codes(Backend backend) {
        return Optional.empty(); // its levels are not equally far apart
    }

    @Override
    public Optional<QuantizedMatrix> codesShapes(Backend backend) {
        return Optional.empty();
    }

    // ------------------------------------------------------------------------------------------------------ values

    @Override
    public void widen(Tensor target) {
        float[] levels = floats(table, 0, LEVELS);
        float[] nested = nestedTable.isEmpty() ? new float[0] : floats(nestedTable, 0, NESTED_LEVELS);
        int perTask = Math.max(1, CHUNK / state.block);
        LongStream.range(0, Math.ceilDiv(state.blocks(), (long) perTask))
                .parallel()
                .forEach(task -> {
                    long first = task * perTask;
                    float[] scales = scales(first, (int) Math.min(perTask, state.blocks() - first), nested);
                    widen(target, first * state.block, levels, scales);
                });
    }

    private static float[] floats(Optional<Part> part, long from, int count) {
        return WeightDtypes.load(part.orElseThrow().bytes(), DType.FLOAT32, from, count);
    }

    private float[] scales(long first, int count, float[] nested) {
        if (nested.length == 0) {
            return floats(absmax, first, count);
        }
        long firstBlock = first / state.nestedBlock;
        int blocks = (int) ((first + count - 1) / state.nestedBlock - firstBlock) + 1;
        float[] factors = floats(nestedAbsmax, firstBlock, blocks);
        MemorySegment bytes = absmax.orElseThrow().bytes();
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            int code = bytes.get(ValueLayout.JAVA_BYTE, first + i) & 0xff;
            float product = nested[code] * factors[(int) ((first + i) / state.nestedBlock - firstBlock)];
            scales[i] = product + state.nestedOffset;
        }
        return scales;
    }

    /** Some blocks. */
    private void widen(Tensor target, long from, float[] levels, float[] scales) {
        int count = (int) Math.min((long) scales.length * state.block, state.shape.size() - from);
        byte[] packed = new byte[Math.ceilDiv(count, 2)];
        MemorySegment.copy(codes.bytes(), ValueLayout.JAVA_BYTE, from / 2, packed, 0, packed.length);
        boolean wide = target.dtype() == DType.FLOAT32;
        DType stored = state.dtype == target.dtype() ? DType.FLOAT32 : state.dtype; // one rounding does for both
        float[] values = new float[wide ? 2 * packed.length : 0];
        int[] pairs = new int[wide ? 0 : packed.length];
        float[] table = new float[LEVELS];
        int[] first = new int[LEVELS];
        int[] second = new int[LEVELS];
        for (int b = 0; b < scales.length; b++) {
            int at = b * state.block / 2;
            int end = Math.min(packed.length, at + state.block / 2);
            for (int i = 0; i < LEVELS; i++) {
                table[i] = rounded(levels[i] * scales[b], stored);
            }
            if (wide) {
                look(packed, at, end, table, values);
            } else {
                for (int i = 0; i < LEVELS; i++) {
                    first[i] = WeightDtypes.bits(table[i], target.dtype()) & 0xffff;
                    second[i] = first[i] << Short.SIZE;
                }
                look(packed, at, end, first, second, pairs);
            }
        }
        MemorySegment all = wide ? MemorySegment.ofArray(values) : MemorySegment.ofArray(pairs);
        target.backend().write(all.asSlice(0, (long) count * target.dtype().bytes()), target.run(from, count));
    }

    private static float rounded(float value, DType dtype) {
        return switch (dtype) {
            case BFLOAT16 -> DType.bfloat16ToFloat(DType.floatToBfloat16(value));
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            default -> value;
        };
    }

    /** Two values of 16 bits at once; with a mask by the table's own length the loop needs no checks. */
    private static void look(byte[] packed, int from, int to, int[] first, int[] second, int[] pairs) {
        for (int i = from; i < to; i++) {
            pairs[i] = first[packed[i] >> 4 & first.length - 1] | second[packed[i] & second.length - 1];
        }
    }

    private static void look(byte[] packed, int from, int to, float[] table, float[] values) {
        for (int i = from; i < to; i++) {
            values[2 * i] = table[packed[i] >> 4 & table.length - 1];
            values[2 * i + 1] = table[packed[i] & table.length - 1];
        }
    }
}
