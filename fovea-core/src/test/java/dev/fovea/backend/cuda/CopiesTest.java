package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CopiesTest {
    /** Tiles along the second axis of a grid are limited; what has more is copied value by value. */
    @Test
    void longRowsThatAreTurned() {
        List<String> launched = new ArrayList<>();
        try (CudaBackend backend = CudaBackend.interpreted();
                Scope scope = Scope.open(backend)) {
            Copies copies = new Copies(new ForwardingDevice(new PtxDevice(KernelArchive.bundled()::ptx, 0)) {
                @Override
                public void launch(Kernel kernel, Grid grid, Arguments arguments) {
                    launched.add(kernel.entry());
                }
            });
            for (int length : new int[] {65535 * 32, 65535 * 32 + 1}) {
                Tensor x = scope.allocate(DType.FLOAT16, Shape.of(2, length)).transpose();
                copies.copy(x, scope.allocate(DType.FLOAT16, x.shape()));
            }
        }
        assertThat(launched).containsExactly("turn", "copy");
    }
}
