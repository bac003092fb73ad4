package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Launches of {@code norm.cu}: rows of the last axis. */
final class Norms {
    private static final int THREADS = 256;
    private static final int ROWS_OF_A_BLOCK = THREADS / 32;

    /** Up to this width a row belongs to a warp. */
    private static final int WARP_WIDTH = 1536;

    private final Device device;
    private final Set<Kernel.Module> met = ConcurrentHashMap.newKeySet(); // what products behind norms may be made by

    Norms(Device device) {
        this.device = device;
    }

    /**
     * @param entry {@code rms_norm}, {@code rms_norm_plus_one} or {@code layer_norm}
     * @param bias of the last one
     */
    void norm(String entry, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor out, float eps) {
        Arguments arguments = new Arguments().pointer(Rows.address(x)).pointer(Rows.address(weight));
        if (bias != null) {
            arguments.pointer(Rows.address(bias));
        }
        arguments.pointer(Rows.address(out));
        launch(entry, x, weight.dtype(), arguments, eps);
    }

    private void launch(String entry, Tensor x, DType weight, Arguments arguments, float eps) {
        int width = x.dim(-1);
        long rows = width == 0 ? 0 : x.shape().size() / width;
        arguments.pointer(rows).integer(width).real(eps);
        boolean warp = width <= WARP_WIDTH;
        if (!warp && x.dtype() == weight && Fusion.makesNorms()) {
            NormedProducts.behind(entry, weight, width)
                    .filter(met::add)
                    .ifPresent(module -> device.prepare(List.of(module)));
        }
        Kernel kernel =
                new Kernel(Kernel.Module.of("norm", x.dtype(), weight), entry + (warp ? "_warp" : "_block"), THREADS);
        device.launch(kernel, Grid.of(warp ? (rows + ROWS_OF_A_BLOCK - 1) / ROWS_OF_A_BLOCK : rows), arguments);
    }
}
