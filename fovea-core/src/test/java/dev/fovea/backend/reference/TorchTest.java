package dev.fovea.backend.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference against PyTorch's answers; operations.py beside operations.json recorded them. */
class TorchTest {
    private final Backend backend = new ReferenceBackend();

    /** A call, what it is given, and PyTorch's result. */
    record Case(String op, List<Recorded> operands, Options options, Recorded result) {
        static Case of(Object json) {
            Map<String, Object> map = Json.object(json, "case");
            return new Case(
                    (String) map.get("op"),
                    Json.array(map.get("operands"), "operands").stream()
                            .map(Recorded::of)
                            .toList(),
                    new Options(Json.object(map.get("options"), "options")),
                    Recorded.of(map.get("result")));
        }

        @Override
        public String toString() {
            return op + " " + result.dtype.torchName() + " " + options.map;
        }
    }

    record Recorded(DType dtype, int[] dims, float[] values) {
        static Recorded of(Object json) {
            Map<String, Object> map = Json.object(json, "tensor");
            List<Object> numbers = Json.array(map.get("values"), "values");
            DType dtype = DType.valueOf(((String) map.get("dtype")).toUpperCase(Locale.ROOT));
            float[] values = new float[numbers.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = dtype.round(((Number) numbers.get(i)).floatValue());
            }
            return new Recorded(dtype, ints(map.get("shape")), values);
        }

        Tensor on(Backend backend) {
            return Tensor.of(backend, values, dims).to(dtype);
        }
    }

    record Options(Map<String, Object> map) {
        int[] integers(String name) {
            return ints(map.get(name));
        }

        int integer(String name) {
            return ((Number) map.get(name)).intValue();
        }

        float real(String name) {
            return ((Number) map.get(name)).floatValue();
        }

        String text(String name) {
            return (String) map.get(name);
        }
    }

    private static int[] ints(Object json) {
        return Json.array(json, "integers").stream()
                .mapToInt(n -> ((Number) n).intValue())
                .toArray();
    }

    static Stream<Case> cases() throws IOException {
        try (InputStream in = TorchTest.class.getResourceAsStream("/dev/fovea/backend/operations.json")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Map<String, Object> file = Json.object(Json.parse(text, "operations.json"), "operations.json");
            return Json.array(file.get("cases"), "cases").stream().map(Case::of);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTorch(Case c) {
        try (Scope _ = Scope.open(backend)) {
            Tensor result = call(c, c.operands.stream().map(o -> o.on(backend)).toArray(Tensor[]::new));
            assertThat(result.shape().toArray()).isEqualTo(c.result.dims);
            assertThat(result.dtype()).isEqualTo(c.result.dtype);
            float[] values = result.toFloats();
            for (int i = 0; i < values.length; i++) {
                double tolerance = tolerance(c, c.result.values[i]);
                assertThat(Math.abs((double) values[i] - c.result.values[i]))
                        .as("element %d: %s, torch %s", i, values[i], c.result.values[i])
                        .isLessThanOrEqualTo(tolerance);
            }
        }
    }

    /**
     * Movement and single operations are exact. PyTorch's float32 sums of a few dozen terms around 1 err by some 1e-7 and may so
     * fall to the other side of a 16-bit rounding: one unit, 2^-7 or 2^-10 relative at most.
     */
    private static double tolerance(Case c, float expected) {
        boolean exact = List.of("add", "scale", "copy", "concat", "gatherRows", "scatterRows")
                        .contains(c.op)
                || "relu".equals(c.options.map.get("function"));
        if (exact) {
            return 0;
        }
        double unit = switch (c.result.dtype) {
            case BFLOAT16 -> 0x1p-7;
            case FLOAT16 -> 0x1p-10;
            default -> 0x1p-22;
        };
        return unit * Math.abs(expected) + 1e-6;
    }

    private Tensor call(Case c, Tensor[] t) {
        Options o = c.options;
        return switch (c.op) {
            case "linear" -> backend.linear(t[0], t[1], t.length > 2 ? t[2] : null);
            case "attention" -> backend.attention(t[0], t[1], t[2], mask(o), o.real("scale"));
            case "conv2d" ->
                backend.conv2d(t[0], t[1], t[2], o.integer("stride"), o.integer("padding"), o.integer("groups"));
            case "rmsNorm" -> backend.rmsNorm(t[0], t[1], o.real("eps"));
            case "rmsNormPlusOne" -> backend.rmsNormPlusOne(t[0], t[1], o.real("eps"));
            case "layerNorm" -> backend.layerNorm(t[0], t[1], t[2], o.real("eps"));
            case "rope" -> backend.rope(t[0], t[1], t[2]);
            case "activation" ->
                backend.activation(t[0], Objects.requireNonNull(Activation.BY_NAME.get(o.text("function"))));
            case "gated" ->
                backend.gated(t[0], t[1], Objects.requireNonNull(Activation.BY_NAME.get(o.text("function"))));
            case "add" -> backend.add(t[0], t[1]);
            case "scale" -> backend.scale(t[0], o.real("factor"));
            case "copy" -> backend.copy(t[0], DType.valueOf(o.text("dtype").toUpperCase(Locale.ROOT)));
            case "concat" -> backend.concat(Arrays.asList(t));
            case "gatherRows" -> backend.gatherRows(t[0], o.integers("ids"), t[0].dtype());
            case "scatterRows" -> {
                backend.scatterRows(t[0], o.integers("ids"), t[1]);
                yield t[0];
            }
            case "avgPool2d" -> backend.avgPool2d(t[0], o.integer("size"));
            case "meanRows" -> backend.meanRows(t[0]);
            default -> throw new IllegalArgumentException(c.op);
        };
    }

    private static Mask mask(Options o) {
        return new Mask(new int[0], o.integers("from"), o.integers("to"), new int[0][]);
    }
}
