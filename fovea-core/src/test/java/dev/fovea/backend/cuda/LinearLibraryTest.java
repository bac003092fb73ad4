package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which products a device's library gets, and as what. */
class LinearLibraryTest {
    private final List<List<Object>> asked = new ArrayList<>();
    private boolean takes = true;

    private final Device device = (Device) Proxy.newProxyInstance(
            Device.class.getClassLoader(), new Class<?>[] {Device.class}, (_, method, arguments) -> {
                if (method.getName().equals("multiplies")) {
                    return takes;
                }
                if (!method.getName().equals("prepare")) {
                    asked.add(new ArrayList<>(Arrays.asList(arguments)));
                    asked.getLast().addFirst(method.getName());
                }
                return null;
            });

    @ParameterizedTest
    @CsvSource({"FLOAT32, false", "BFLOAT16, false", "FLOAT16, true"})
    void getsManyRowsOfOneDtype(DType dtype, boolean transposed) {
        try (var backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            Tensor x = tensor(backend, dtype, 20, 8).slice(1, 2, 6); // rows of a wider tensor
            Tensor w = transposed ? tensor(backend, dtype, 4, 3).transpose() : tensor(backend, dtype, 3, 4);
            Tensor bias = tensor(backend, dtype, 3);
            Tensor out = tensor(backend, dtype, 20, 3);
            new Linear(device).multiply(x, w, bias, out);
            assertThat(asked)
                    .containsExactly(List.of(
                            "multiply",
                            new Product(dtype, 20, 4, 3, 8, transposed, true),
                            Rows.address(x),
                            Rows.address(w),
                            Rows.address(bias),
                            Rows.address(out)));
        }
    }

    @Test
    void othersGoByKernels() {
        try (var backend = new ReferenceBackend();
                Scope _ = Scope.open(backend)) {
            Tensor x = tensor(backend, DType.FLOAT32, 20, 4);
            Tensor out = tensor(backend, DType.FLOAT32, 20, 3);
            Linear linear = new Linear(device);
            linear.multiply(x, tensor(backend, DType.BFLOAT16, 3, 4), null, out); // of two dtypes
            linear.multiply(x.rows(0, 16), tensor(backend, DType.FLOAT32, 3, 4), null, out.rows(0, 16)); // few rows
            takes = false;
            linear.multiply(x, tensor(backend, DType.FLOAT32, 3, 4), null, out); // which the library does not take
            assertThat(asked).extracting(List::getFirst).containsExactly("launch", "launch", "launch");
        }
    }

    private static Tensor tensor(ReferenceBackend backend, DType dtype, int... dims) {
        return Tensor.of(backend, new float[Arrays.stream(dims).reduce(1, (a, b) -> a * b)], dims)
                .to(dtype);
    }
}
