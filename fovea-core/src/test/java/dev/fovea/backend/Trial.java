package dev.fovea.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Calls of one operation on the backend under test and on the reference, with all that must hold for each of them. */
final class Trial {
    private static final byte GUARD = -1; // NaN in every dtype: an element that nobody wrote shows
    private static final int GUARD_BYTES = 256;

    /** An operation with its operands to come. */
    @FunctionalInterface
    interface Call {
        Tensor on(Backend backend, Tensor[] operands);
    }

    /** Shape, dtype and values of a result, taken out of its scope. */
    record Result(Shape shape, DType dtype, float[] values) {
        static Result of(Tensor t) {
            return new Result(t.shape(), t.dtype(), t.backend().holdsData() ? t.toFloats() : new float[0]);
        }

        /** Elements that are not the same, but for those that may have been flushed on the way. */
        long differences(Result other) {
            return IntStream.range(0, values.length)
                    .filter(i -> Math.abs(other.values[i]) > 1e-30 && values[i] != other.values[i])
                    .count();
        }
    }

    private final Backend reference = new ReferenceBackend();
    private final Backend backend;
    private final boolean lacking;
    private final String name;
    private final RandomGenerator random;

    Trial(Backend backend, String operation, long seed, boolean lacking) {
        this.backend = backend;
        this.lacking = lacking;
        this.name = operation + " on " + backend.name() + " with -Dfovea.test.seed=" + seed;
        this.random = new SplittableRandom(seed + operation.hashCode());
    }

    /** Operation, backend and how to repeat it. */
    String name() {
        return name;
    }

    RandomGenerator random() {
        return random;
    }

    @SafeVarargs
    final <T> T any(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    Operand operand(Values kind, DType dtype, int... dims) {
        int size = Math.toIntExact(Shape.of(dims).size());
        return new Operand(
                dtype, kind.draw(random, dtype, size), dims, any(Operand.Layout.ALIGNED, Operand.Layout.SHIFTED));
    }

    /** An operand that the contract takes as "rows of". */
    Operand rowsOperand(Values kind, DType dtype, int... dims) {
        Operand dense = operand(kind, dtype, dims);
        return random.nextBoolean() ? dense : dense.with(Operand.Layout.ROWS);
    }

    /** For operations with one rounding, at the end: within the bound and half a unit of the unrounded result. */
    void once(String what, Bound bound, Call call, Operand... operands) {
        DType dtype = operands[0].dtype();
        Result expected = expect(call, Stream.of(operands).map(Operand::widened).toArray(Operand[]::new));
        Bound rounded = (i, e) -> bound.at(i, e) + Bound.halfUnit(dtype, e);
        check(what, new Result(expected.shape, dtype, expected.values), rounded, call, operands);
    }

    /**
     * For operations whose result follows bit for bit, or whose bound accounts for roundings in the middle: such a bound allows
     * each element its neighbours, but few may need it: one rounding too few or too many moves two in five.
     */
    void stepwise(String what, Bound bound, Call call, Operand... operands) {
        Result expected = expect(call, operands);
        Result result = check(what, expected, bound, call, operands);
        if (result != null && expected.dtype != DType.FLOAT32 && backend.holdsData()) {
            assertThat(result.differences(expected))
                    .as(
                            "%s, %s: elements that differ of %d, %s",
                            name, what, result.values.length, Arrays.toString(operands))
                    .isLessThanOrEqualTo(2 + result.values.length / 6);
        }
    }

    /** What the reference says. */
    Result expect(Call call, Operand... operands) {
        try (Scope _ = Scope.open(reference)) {
            return Result.of(call.on(reference, tensors(reference, operands)));
        }
    }

    /** What the backend under test says. */
    Result actual(Call call, Operand... operands) {
        try (Scope _ = Scope.open(backend)) {
            return Result.of(call.on(backend, tensors(backend, operands)));
        }
    }

    /** Whether {@link Backend#argmax} says these columns, where the backend under test holds data. */
    void argmax(int[] expected, Operand x) {
        try (Scope _ = Scope.open(backend)) {
            int[] columns = backend.argmax(x.on(backend));
            if (backend.holdsData()) {
                assertThat(columns).as("%s, %s", name, x).isEqualTo(expected);
            }
        }
    }

    private static Tensor[] tensors(Backend on, Operand... operands) {
        return Stream.of(operands).map(o -> o.on(on)).toArray(Tensor[]::new);
    }

    /**
     * What the call gives for several rows must be, bit for bit, what it gives for each of them alone.
     *
     * @param split so many operands, from the first on, are taken row by row
     */
    void rowsAlone(String what, int split, Call call, Operand... operands) {
        if (lacking || !backend.holdsData()) {
            return;
        }
        float[] together = actual(call, operands).values;
        float[] alone = new float[together.length];
        for (int i = 0; i < operands[0].dims()[0]; i++) {
            Operand[] row = operands.clone();
            for (int o = 0; o < split; o++) {
                row[o] = operands[o].rows(i, i + 1);
            }
            float[] one = actual(call, row).values;
            System.arraycopy(one, 0, alone, i * one.length, one.length);
        }
        assertThat(together)
                .as("%s, %s: rows at once and one by one: %s", name, what, Arrays.toString(operands))
                .isEqualTo(alone);
    }

    SharedRows sharedRows(DType dtype) {
        return backend.sharedRows(dtype);
    }

    /** Rows of the first operand at once, and in parts that end at some of them. */
    void rowsInParts(int[] ends, Call call, Operand... operands) {
        if (lacking || ends.length == 0) {
            return;
        }
        float[] together = actual(call, operands).values;
        float[] apart = new float[together.length];
        int from = 0;
        int done = 0;
        for (int end : ends) {
            Operand[] part = operands.clone();
            part[0] = operands[0].rows(from, end);
            float[] some = actual(call, part).values;
            System.arraycopy(some, 0, apart, done, some.length);
            done += some.length;
            from = end;
        }
        assertThat(together)
                .as("%s: rows at once and in parts to %s: %s", name, Arrays.toString(ends), Arrays.toString(operands))
                .isEqualTo(apart);
    }

    /** The result, or null where the backend rightly refused. */
    private @Nullable Result check(String what, Result expected, Bound bound, Call call, Operand... operands) {
        String label = name + ", " + what + ": " + Arrays.toString(operands);
        if (lacking) {
            assertThatThrownBy(() -> actual(call, operands))
                    .as(label)
                    .isInstanceOf(UnsupportedOperationException.class);
            return null;
        }
        try (Scope _ = Scope.open(backend)) {
            Tensor[] tensors = tensors(backend, operands);
            List<byte[]> before = bytes(tensors);
            Result result = guarded(label, expected, call, tensors);
            assertThat(result.shape).as(label).isEqualTo(expected.shape);
            assertThat(result.dtype).as(label).isEqualTo(expected.dtype);
            if (backend.holdsData()) {
                compare(label, result, expected, bound);
                List<byte[]> after = bytes(tensors);
                for (int i = 0; i < tensors.length; i++) {
                    assertThat(after.get(i))
                            .as("%s: operand %d afterwards", label, i)
                            .isEqualTo(before.get(i));
                }
                assertThat(Result.of(call.on(backend, tensors)).values)
                        .as("%s: the same call again", label)
                        .isEqualTo(result.values);
            }
            return result;
        } catch (UnsupportedOperationException e) {
            return fail(label + ": unexpectedly unsupported", e);
        }
    }

    private static List<byte[]> bytes(Tensor[] tensors) {
        return Stream.of(tensors).map(t -> read(raw(t.home(), t.memory()))).toList();
    }

    /** The bytes of some memory of a backend as a tensor, which alone can be read and written everywhere. */
    static Tensor raw(Backend backend, MemorySegment memory) {
        return Tensor.dense(backend, DType.UINT8, Shape.of(Math.toIntExact(memory.byteSize())), memory);
    }

    static byte[] read(Tensor raw) {
        byte[] bytes = new byte[Math.toIntExact(raw.bytes())];
        raw.backend().read(raw, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** Calls between guard bytes, which must survive. */
    private Result guarded(String label, Result expected, Call call, Tensor[] operands) {
        try (Scope scope = Scope.open(backend)) {
            if (!backend.holdsData()) {
                return Result.of(call.on(backend, operands));
            }
            long size = expected.shape.size() * expected.dtype.bytes();
            byte[] guard = new byte[Math.toIntExact(GUARD_BYTES + copied(operands) + size + GUARD_BYTES)];
            Arrays.fill(guard, GUARD);
            // The result comes to lie right behind this block of its home, in the same slab, or behind copies of
            // operands.
            IdentityHashMap<Backend, MemorySegment> blocks = new IdentityHashMap<>();
            for (Backend home : backend.homes()) {
                MemorySegment block = scope.allocate(home, DType.FLOAT32, Shape.of(GUARD_BYTES / 4))
                        .memory();
                blocks.put(home, block);
                home.write(
                        MemorySegment.ofArray(guard),
                        raw(home, MemorySegment.ofAddress(block.address()).reinterpret(guard.length)));
            }
            Tensor result = call.on(backend, operands);
            assertThat(result.isContiguous()).as("%s: densely packed", label).isTrue();
            assertThat(result.backend()).as("%s: backend", label).isSameAs(backend);
            MemorySegment after =
                    scope.allocate(result.home(), DType.FLOAT32, Shape.of(1)).memory();
            long start =
                    result.memory().address() + result.offset() * result.dtype().bytes();
            long end = start + size;
            boolean neighbours = after.address() >= end && after.address() < end + 64; // no scratch memory in between
            MemorySegment behind =
                    MemorySegment.ofAddress(end).reinterpret(neighbours ? after.address() + 64 - end : -end & 63);
            assertGuard(label + ": memory before the result", result.home(), blocks.get(result.home()));
            assertGuard(label + ": memory behind the result", result.home(), behind);
            return Result.of(result);
        }
    }

    /** Bytes of the operands that a backend of several homes may copy first. */
    private long copied(Tensor[] operands) {
        return backend.homes().size() == 1
                ? 0
                : Stream.of(operands).mapToLong(t -> 2 * (t.bytes() + 64)).sum();
    }

    private static void assertGuard(String label, Backend home, MemorySegment guard) {
        byte[] found = read(raw(home, guard));
        byte[] untouched = new byte[found.length];
        Arrays.fill(untouched, GUARD);
        assertThat(found).as(label).isEqualTo(untouched);
    }

    private static void compare(String label, Result result, Result expected, Bound bound) {
        assertThat(result.values).as(label).hasSameSizeAs(expected.values);
        int[] wrong = IntStream.range(0, expected.values.length)
                .filter(i -> !within(result.values[i], expected.values[i], expected.dtype, bound, i))
                .toArray();
        if (wrong.length > 0) {
            int i = wrong[0];
            fail(
                    "%s: %d of %d elements; element %d is %s, not %s within %s",
                    label,
                    wrong.length,
                    expected.values.length,
                    i,
                    result.values[i],
                    expected.values[i],
                    bound.at(i, expected.values[i]));
        }
    }

    private static boolean within(float actual, float expected, DType dtype, Bound bound, int i) {
        float rounded = dtype.round(expected);
        if (Float.isNaN(expected) || Float.isInfinite(rounded) || bound == Bound.EXACT) {
            return Float.floatToIntBits(actual) == Float.floatToIntBits(rounded); // tells 0 from -0, but not NaNs
        }
        return Math.abs((double) actual - expected) <= bound.at(i, expected);
    }
}
