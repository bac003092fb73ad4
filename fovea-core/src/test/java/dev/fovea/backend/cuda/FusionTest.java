package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.QuantizedCase;
import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rule of {@link Fusion}: one launch, and every bit that its parts wrote; nothing where the calls do not fit together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FusionTest {
    private static final float EPS = 1e-5f;

    private final Recording device = new Recording(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    private final Backend backend = new CudaBackend(device);
    private final SplittableRandom random = new SplittableRandom(7);

    /** What a backend asks of a device, done and remembered. */
    private static final class Recording extends ForwardingDevice {
        private final List<Step.Call> calls = new ArrayList<>();

        Recording(Device device) {
            super(device);
        }

        @Override
        public void launch(Kernel kernel, Grid grid, Arguments arguments) {
            calls.add(new Step.Launch(kernel, grid, arguments));
            super.launch(kernel, grid, arguments);
        }

        @Override
        public void copy(long from, long to, long bytes) {
            calls.add(new Step.Copy(from, to, bytes));
            super.copy(from, to, bytes);
        }
    }

    @AfterAll
    void close() {
        backend.close();
    }

    /** Rows of one and of several, of matrices of different heights, one of them with a bias. */
    @ParameterizedTest
    @CsvSource({"1, BFLOAT16", "3, FLOAT16", "1, FLOAT32"})
    void productsOfTheSameRows(int rows, DType dtype) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(dtype, rows, 40);
            Tensor q = tensor(dtype, 37, 40);
            Tensor k = tensor(dtype, 9, 40);
            Tensor v = tensor(dtype, 16, 40);
            Tensor bias = tensor(dtype, 9);
            assertOne(
                    rows == 1 ? "few_small" : "few_tall",
                    () -> List.of(backend.linear(x, q, null), backend.linear(x, k, bias), backend.linear(x, v, null)));
        }
    }

    /** OPT's queries are scaled between. */
    @Test
    void aScaledProductBesideOthers() {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.FLOAT16, 2, 24);
            Tensor w = tensor(DType.FLOAT16, 24, 24);
            assertOne("few_tall", () -> {
                Tensor q = backend.linear(x, w, null);
                return List.of(q, backend.scale(q, 0.3f), backend.linear(x, w, null));
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFunctionOfAProduct(Activation f) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, 3, 24);
            Tensor w = tensor(DType.BFLOAT16, 21, 24);
            Tensor bias = tensor(DType.BFLOAT16, 21);
            assertOne("few_tall", () -> {
                Tensor y = backend.linear(x, w, bias);
                return List.of(y, backend.activation(y, f));
            });
        }
    }

    /** Each form; of the long one a block has two outputs of each matrix. */
    @ParameterizedTest
    @CsvSource({
        "few_tall, 1, 21, 40, SILU",
        "few_tall, 5, 21, 40, GELU_TANH",
        "few_tall, 16, 6, 24, GELU",
        "few_long, 1, 5, 4096, SILU",
        "few_long, 2, 5, 4096, RELU",
        "few_tall, 1, 8193, 4, SILU"
    })
    void aGateOfTwoProducts(String form, int rows, int outputs, int width, Activation f) {
        for (DType dtype : new DType[] {DType.BFLOAT16, DType.FLOAT32}) {
            try (Scope _ = Scope.open(backend)) {
                Tensor x = tensor(dtype, rows, width);
                Tensor g = tensor(dtype, outputs, width);
                Tensor u = tensor(dtype, outputs, width);
                Tensor bias = tensor(dtype, outputs);
                assertOne(form + "_gated", () -> {
                    Tensor gate = backend.linear(x, g, null);
                    Tensor up = backend.linear(x, u, bias);
                    return List.of(gate, up, backend.gated(gate, up, f));
                });
            }
        }
    }

    /** The same rules for weights in codes, which come as four parts. */
    @ParameterizedTest
    @CsvSource({"8, 1, BFLOAT16", "4, 9, FLOAT16", "4, 2, FLOAT32"})
    void productsWithCodes(int bits, int rows, DType dtype) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(dtype, rows, 72);
            QuantizedMatrix q = codes(bits, 37, 72);
            QuantizedMatrix k = codes(bits, 9, 72);
            Tensor bias = tensor(dtype, 37);
            assertOne("codes_one", () -> {
                Tensor y = backend.linear(x, q, bias);
                return List.of(y, backend.activation(y, Activation.GELU), backend.linear(x, k, null));
            });
            QuantizedMatrix up = codes(bits, 37, 72);
            assertOne("codes_gated", () -> {
                Tensor g = backend.linear(x, q, null);
                Tensor u = backend.linear(x, up, bias);
                return List.of(g, u, backend.gated(g, u, Activation.SILU));
            });
        }
    }

    private QuantizedMatrix codes(int bits, int outputs, int width) {
        return QuantizedCase.draw(random, new QuantizedMatrix.Form(bits, 32), outputs, width, 1)
                .on(backend);
    }

    @Test
    void theGateAndWhatItGatesAreNotTakenForEachOther() {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, 1, 24);
            Tensor w = tensor(DType.BFLOAT16, 16, 24);
            assertThat(entries(fused(() -> {
                        Tensor up = backend.linear(x, w, null);
                        Tensor gate = backend.linear(x, w, null);
                        return List.of(up, gate, backend.gated(gate, up, Activation.SILU));
                    })))
                    .containsExactly("few_small", "gated_silu");
        }
    }

    /** A product of what another one makes has to wait for it. */
    @Test
    void productsOneAfterTheOtherStayApart() {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, 1, 24);
            Tensor w = tensor(DType.BFLOAT16, 24, 24);
            assertThat(entries(fused(() -> {
                        Tensor y = backend.linear(x, w, null);
                        return List.of(y, backend.linear(y, w, null));
                    })))
                    .containsExactly("few_small", "few_small");
        }
    }

    /** A width of one warp and of a block, which has more values than a thread holds in registers. */
    @ParameterizedTest
    @CsvSource({"1, 40, BFLOAT16", "9, 33, FLOAT32", "2, 8200, BFLOAT16", "1, 1024, FLOAT16"})
    void aSumAndItsNorm(int rows, int width, DType dtype) {
        String size = width <= 1536 ? "_warp" : "_block";
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(dtype, rows, width);
            Tensor y = tensor(dtype, rows, width);
            Tensor w = tensor(dtype, width);
            Tensor bias = tensor(dtype, width);
            Function<Tensor, List<Tensor>> rms = z -> List.of(z, backend.rmsNorm(z, w, EPS));
            assertOne("add_rms_norm" + size, () -> rms.apply(backend.add(x, y)));
            assertOne("add_layer_norm" + size, () -> {
                Tensor z = backend.add(x, y);
                Tensor normed = backend.layerNorm(z, w, bias, EPS);
                return List.of(z, normed, backend.copy(normed, dtype));
            });
            assertOne("add_rms_norm_plus_one" + size, () -> {
                Tensor a = backend.rmsNormPlusOne(y, bias, 1e-3f);
                Tensor z = backend.add(x, a);
                Tensor copy = backend.copy(z, dtype);
                return List.of(a, z, copy, backend.rmsNormPlusOne(copy, w, EPS));
            });
        }
    }

    /** The norm of another tensor, and a sum that repeats its second operand. */
    @Test
    void aSumOfOtherShapesStaysApart() {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, 2, 40);
            Tensor w = tensor(DType.BFLOAT16, 40);
            assertThat(entries(fused(() -> List.of(backend.add(x, x), backend.rmsNorm(x, w, EPS)))))
                    .containsExactly("add", "rms_norm_warp");
            assertThat(entries(fused(() -> {
                        Tensor z = backend.add(x, w);
                        return List.of(z, backend.rmsNorm(z, w, EPS));
                    })))
                    .containsExactly("add", "rms_norm_warp");
        }
    }

    /** One row, of which every block makes the norm, by more blocks of outputs than the device runs at once. */
    @ParameterizedTest
    @CsvSource({
        "few_small, 150, 2048, BFLOAT16",
        "few_small, 97, 1544, FLOAT16",
        "few_long, 65, 4096, FLOAT16",
        "few_tall, 8193, 1544, BFLOAT16"
    })
    void aSumItsNormAndProducts(String form, int outputs, int width, DType dtype) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(dtype, 1, width);
            Tensor y = tensor(dtype, 1, width);
            Tensor w = tensor(dtype, width);
            Tensor bias = tensor(dtype, width);
            Tensor q = tensor(dtype, outputs, width);
            Tensor k = form.equals("few_small") ? tensor(dtype, 17, width) : q;
            assertOne(form, () -> {
                Tensor z = backend.add(x, y);
                Tensor normed = backend.rmsNorm(z, w, EPS);
                return List.of(z, normed, backend.linear(normed, q, null), backend.linear(normed, k, null));
            });
            assertOne(form, () -> {
                Tensor z = backend.add(x, y);
                Tensor normed = backend.layerNorm(z, w, bias, EPS);
                Tensor copy = backend.copy(normed, dtype);
                Tensor product = backend.linear(copy, q, null);
                return List.of(z, normed, copy, product, backend.activation(product, Activation.RELU));
            });
        }
    }

    /** Gemma's, and Qwen's: two products of the row and their gate. */
    @ParameterizedTest
    @CsvSource({"few_tall_gated, 150, 2048, BFLOAT16", "few_long_gated, 33, 4096, FLOAT16"})
    void aSumItsNormAndAGate(String form, int outputs, int width, DType dtype) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(dtype, 1, width);
            Tensor y = tensor(dtype, 1, width);
            Tensor w = tensor(dtype, width);
            Tensor before = tensor(dtype, width);
            Tensor g = tensor(dtype, outputs, width);
            Tensor u = tensor(dtype, outputs, width);
            assertOne(form, () -> {
                Tensor a = backend.rmsNormPlusOne(y, before, 1e-3f);
                Tensor z = backend.add(x, a);
                Tensor copy = backend.copy(z, dtype);
                Tensor normed = backend.rmsNormPlusOne(copy, w, EPS);
                Tensor gate = backend.linear(normed, g, null);
                Tensor up = backend.linear(normed, u, null);
                return List.of(a, z, copy, normed, gate, up, backend.gated(gate, up, Activation.GELU_TANH));
            });
            assertOne(form, () -> {
                Tensor z = backend.add(x, y);
                Tensor normed = backend.rmsNorm(z, w, EPS);
                Tensor gate = backend.linear(normed, g, null);
                Tensor up = backend.linear(normed, u, null);
                return List.of(z, normed, gate, up, backend.gated(gate, up, Activation.SILU));
            });
        }
    }

    /** More rows than one would be made by every block too; short ones belong to a warp; of long ones a block holds only a part. */
    @ParameterizedTest
    @CsvSource({
        "2, 2048, add_rms_norm_block, few_tall",
        "1, 1024, add_rms_norm_warp, few_small",
        "1, 4104, add_rms_norm_block, few_long"
    })
    void aNormThatProductsDoNotMake(int rows, int width, String norm, String product) {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, rows, width);
            Tensor y = tensor(DType.BFLOAT16, rows, width);
            Tensor w = tensor(DType.BFLOAT16, width);
            Tensor q = tensor(DType.BFLOAT16, 8, width);
            assertThat(entries(fused(() ->
                            List.of(backend.linear(backend.rmsNorm(backend.add(x, y), w, EPS), q, null)))))
                    .containsExactly(norm, product);
        }
    }

    /** A product of the first columns alone would take the norm of these alone. */
    @Test
    void productsOfAPartOfANormStayApart() {
        try (Scope _ = Scope.open(backend)) {
            Tensor x = tensor(DType.BFLOAT16, 1, 2048);
            Tensor y = tensor(DType.BFLOAT16, 1, 2048);
            Tensor w = tensor(DType.BFLOAT16, 2048);
            Tensor q = tensor(DType.BFLOAT16, 8, 1024);
            assertThat(entries(fused(() -> {
                        Tensor normed = backend.rmsNorm(backend.add(x, y), w, EPS);
                        return List.of(backend.linear(normed.slice(1, 0, 1024), q, null));
                    })))
                    .containsExactly("add_rms_norm_block", "few_small");
        }
    }

    /** With norms and without, of one row and of several, whose heads have a width that is no multiple of a warp. */
    @ParameterizedTest
    @CsvSource({"1, 32, BFLOAT16", "3, 12, FLOAT32", "2, 70, FLOAT16"})
    void headsBeforeAttention(int rows, int width, DType dtype) {
        try (Scope cache = Scope.detached(backend);
                Scope _ = Scope.open(backend)) {
            Tensor q = tensor(dtype, rows, 5, width);
            Tensor k = tensor(dtype, rows, 2, width);
            Tensor v = tensor(dtype, rows, 2, width);
            Tensor weight = tensor(dtype, width);
            Tensor cos = tensor(dtype, rows, width / 2);
            Tensor sin = tensor(dtype, rows, width / 2);
            Tensor keys = cache.allocate(dtype, Shape.of(7, 2, width));
            Tensor values = cache.allocate(dtype, Shape.of(7, 2, width));
            spoil(keys);
            spoil(values);
            int[] ids = Arrays.copyOf(new int[] {4, 0, 6}, rows);
            assertOne("heads_rms_norm", () -> {
                Tensor turned = backend.rope(k, cos, sin);
                Tensor queries = backend.rope(q, cos, sin);
                backend.scatterRows(keys, ids, turned);
                backend.scatterRows(values, ids, v);
                return List.of(queries, turned, keys, values);
            });
            assertOne("heads_rms_norm_plus_one", () -> {
                Tensor nq = backend.rmsNormPlusOne(q, weight, EPS);
                Tensor nk = backend.rmsNormPlusOne(k, weight, EPS);
                Tensor queries = backend.rope(nq, cos, sin);
                Tensor turned = backend.rope(nk, cos, sin);
                backend.scatterRows(keys, ids, turned);
                backend.scatterRows(values, ids, v);
                return List.of(nq, nk, queries, turned, keys, values);
            });
            assertOne("heads_rms_norm", () -> {
                backend.scatterRows(keys.reshape(7, 2 * width), ids, k.reshape(rows, 2 * width));
                backend.scatterRows(values.reshape(7, 2 * width), ids, v.reshape(rows, 2 * width));
                return List.of(keys, values);
            });
        }
    }

    /** Both ways into one cache keep their order. */
    @Test
    void twoWaysIntoOneCacheStayApart() {
        try (Scope cache = Scope.detached(backend);
                Scope _ = Scope.open(backend)) {
            Tensor k = tensor(DType.BFLOAT16, 1, 64);
            Tensor keys = cache.allocate(DType.BFLOAT16, Shape.of(7, 64));
            assertThat(entries(fused(() -> {
                        backend.scatterRows(keys, new int[] {1}, k);
                        backend.scatterRows(keys, new int[] {1}, k);
                        return List.of(keys);
                    })))
                    .containsExactly("scatter", "scatter");
        }
    }

    /** The calls of a computation become one launch, and that writes what they wrote. */
    private void assertOne(String entry, Supplier<List<Tensor>> computation) {
        List<Tensor> results = computed(computation);
        List<float[]> expected = results.stream().map(Tensor::toFloats).toList();
        results.forEach(this::spoil);
        List<Step.Call> fused = fuse();
        assertThat(entries(fused)).containsExactly(entry);
        fused.forEach(call -> call.on(device));
        for (int i = 0; i < expected.size(); i++) {
            assertThat(results.get(i).toFloats()).as("result " + i).isEqualTo(expected.get(i));
        }
    }

    private List<Step.Call> fused(Supplier<List<Tensor>> computation) {
        computed(computation);
        return fuse();
    }

    private List<Tensor> computed(Supplier<List<Tensor>> computation) {
        device.calls.clear();
        return computation.get();
    }

    private List<Step.Call> fuse() {
        List<Step.Call> calls = List.copyOf(device.calls);
        LongPredicate ofStep = address -> caches().stream().noneMatch(t -> t == address) && address != 0;
        return Fusion.of(calls, new Fusion.Place(ofStep, device.multiprocessors()));
    }

    private List<Long> caches() {
        return device.calls.stream()
                .filter(c -> c instanceof Step.Launch l && l.kernel().entry().equals("scatter"))
                .map(c -> ((Step.Launch) c).arguments().read().pointer())
                .toList();
    }

    private static List<String> entries(List<Step.Call> calls) {
        return calls.stream()
                .map(c -> c instanceof Step.Launch l ? l.kernel().entry() : "copy")
                .toList();
    }

    private void spoil(Tensor t) {
        byte[] bytes = new byte[Math.toIntExact(t.bytes())];
        Arrays.fill(bytes, (byte) 0x5a);
        backend.write(MemorySegment.ofArray(bytes), t);
    }

    private Tensor tensor(DType dtype, int... dims) {
        float[] values = new float[Math.toIntExact(Shape.of(dims).size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(backend, values, dims).to(dtype);
    }
}
