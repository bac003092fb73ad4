package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Launches of {@code maps.cu}: channels-last maps (Y, X, C). */
final class Maps {
    private static final int THREADS = 256;
    private static final int PACK_BYTES = 16; // of the channels of a thread, of depthwise
    private static final int STRIP = 4; // its places
    private static final int PACKS = 8; // along channels, of a block
    private static final int MOST_TAPS = 64;
    private static final int USUAL_SIZE = 3; // of a window that moves by one place, which there is a kernel for

    private final Device device;
    private final Linear linear;

    Maps(Device device, Linear linear) {
        this.device = device;
        this.linear = linear;
    }

    /** How a window moves over a map: its stride, and the zeros around the map. */
    private record Window(int stride, int padding) {}

    /** {@link dev.fovea.tensor.Backend#conv2d} into a densely packed (Y', X', O). */
    void conv2d(Tensor x, Tensor w, @Nullable Tensor bias, int stride, int padding, int groups, Tensor out) {
        Window window = new Window(stride, padding);
        if (groups == x.dim(2) && groups == w.dim(0) && w.dim(2) * w.dim(3) <= MOST_TAPS) {
            depthwise(x, w, bias, window, out);
        } else if (groups > 1) {
            grouped(x, w, bias, window, groups, out);
        } else {
            product(x, w, bias, window, out);
        }
    }

    /** As one product of matrices. */
    private void product(Tensor x, Tensor w, @Nullable Tensor bias, Window window, Tensor out) {
        int outputs = w.dim(0);
        int length = w.dim(1) * w.dim(2) * w.dim(3);
        int places = out.dim(0) * out.dim(1);
        Tensor weight = w.reshape(outputs, length);
        Tensor rows = out.reshape(places, outputs);
        if (w.dim(2) == 1 && w.dim(3) == 1 && window.equals(new Window(1, 0))) {
            linear.multiply(x.reshape(places, length), weight, bias, rows);
            return;
        }
        try (Scope scope = Scope.open(x.backend())) {
            Tensor patches = scope.allocate(x.dtype(), Shape.of(places, length));
            unfold(x, w, window, out, patches);
            linear.multiply(patches, weight, bias, rows);
        }
    }

    /** The patch under each position of the window as a row, in a weight's order (Chellapilla et al., 2006). */
    private void unfold(Tensor x, Tensor w, Window window, Tensor out, Tensor patches) {
        long n = patches.shape().size();
        Arguments arguments = sizes(x, w, window, out)
                .pointer(Rows.address(x))
                .pointer(Rows.address(patches))
                .pointer(n);
        launch("unfold", x.dtype(), w.dtype(), n, arguments);
    }

    /** A block for some channels of neighbouring strips of places. */
    private void depthwise(Tensor x, Tensor w, @Nullable Tensor bias, Window window, Tensor out) {
        Arguments arguments = sizes(x, w, window, out).pointer(Rows.address(x)).pointer(Rows.address(w));
        Linear.addBias(arguments, bias).pointer(Rows.address(out)).integer(out.dim(0));
        boolean usual = w.dim(2) == USUAL_SIZE && w.dim(3) == USUAL_SIZE && window.stride == 1;
        Kernel.Module module = Kernel.Module.of("maps", x.dtype(), w.dtype());
        Kernel kernel = new Kernel(module, usual ? "depthwise_" + USUAL_SIZE : "depthwise_any", THREADS);
        int strips = Math.multiplyExact(out.dim(0), Math.ceilDiv(out.dim(1), STRIP));
        int channels = PACKS * (PACK_BYTES / x.dtype().bytes());
        Grid grid = new Grid(Math.ceilDiv(strips, THREADS / PACKS), Math.ceilDiv(x.dim(2), channels), 1);
        device.launch(kernel, grid, arguments);
    }

    private void grouped(Tensor x, Tensor w, @Nullable Tensor bias, Window window, int groups, Tensor out) {
        long n = out.shape().size();
        Arguments arguments = sizes(x, w, window, out).pointer(Rows.address(x)).pointer(Rows.address(w));
        Linear.addBias(arguments, bias)
                .pointer(Rows.address(out))
                .integer(w.dim(0))
                .integer(w.dim(0) / groups)
                .integer(w.dim(1))
                .pointer(n);
        launch("grouped", x.dtype(), w.dtype(), n, arguments);
    }

    private static Arguments sizes(Tensor x, Tensor w, Window window, Tensor out) {
        return new Arguments()
                .integer(x.dim(0))
                .integer(x.dim(1))
                .integer(x.dim(2))
                .integer(w.dim(2))
                .integer(w.dim(3))
                .integer(window.stride())
                .integer(window.padding())
                .integer(out.dim(1));
    }

    /** {@link dev.fovea.tensor.Backend#avgPool2d} into a densely packed tensor. */
    void avgPool2d(Tensor x, int size, Tensor out) {
        long n = out.shape().size();
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .integer(x.dim(1))
                .integer(x.dim(2))
                .integer(size)
                .pointer(n);
        launch("average", x.dtype(), x.dtype(), n, arguments);
    }

    private void launch(String entry, DType x, DType w, long threads, Arguments arguments) {
        Kernel kernel = new Kernel(Kernel.Module.of("maps", x, w), entry, THREADS);
        device.launch(kernel, Grid.of((threads + THREADS - 1) / THREADS), arguments);
    }
}
