package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.Activation;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.Locale;

/** Launches of {@code elementwise.cu}. Results are allocated already; operands are as {@link dev.fovea.tensor.Contract} has them. */
final class Elementwise {
    private static final int THREADS = 256;
    private static final int PACK_BYTES = 16;
    private static final int ROPE_PAIRS = 8; // of a thread, of many rows

    private final Device device;

    Elementwise(Device device) {
        this.device = device;
    }

    private static Kernel kernel(String entry, DType x, DType w) {
        return new Kernel(Kernel.Module.of("elementwise", x, w), entry, THREADS);
    }

    /** Blocks whose threads each make sixteen bytes of a tensor. */
    private static Grid grid(Tensor out) {
        return blocks((out.bytes() + 15) / 16);
    }

    static Grid blocks(long threads) {
        return Grid.of((threads + THREADS - 1) / THREADS);
    }

    /** y is repeated along x. */
    void add(Tensor x, Tensor y, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(y))
                .pointer(Rows.address(out))
                .pointer(x.shape().size())
                .pointer(y.shape().size());
        device.launch(kernel("add", x.dtype(), y.dtype()), grid(out), arguments);
    }

    void scale(Tensor x, float factor, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .pointer(x.shape().size())
                .real(factor);
        device.launch(kernel("scale", x.dtype(), x.dtype()), grid(out), arguments);
    }

    void activation(Tensor x, Activation f, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .pointer(x.shape().size());
        device.launch(kernel(name(f), x.dtype(), x.dtype()), grid(out), arguments);
    }

    void gated(Tensor gate, Tensor up, Activation f, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(gate))
                .pointer(Rows.address(up))
                .pointer(Rows.address(out))
                .pointer(gate.shape().size());
        device.launch(kernel("gated_" + name(f), gate.dtype(), up.dtype()), grid(out), arguments);
    }

    private static String name(Activation f) {
        return f.name().toLowerCase(Locale.ROOT);
    }

    void rope(Tensor x, Tensor cos, Tensor sin, Tensor out) {
        int half = x.dim(2) / 2;
        long pairs = x.shape().size() / 2;
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.stride(x))
                .pointer(Rows.address(cos))
                .pointer(Rows.address(sin))
                .pointer(Rows.address(out))
                .pointer(pairs)
                .integer(x.dim(1))
                .integer(half);
        long alignment = Rows.address(x) | Rows.address(cos) | Rows.address(sin) | Rows.address(out);
        boolean packs = x.dim(0) > Backend.FEW_ROWS
                && half % ROPE_PAIRS == 0
                && Rows.stride(x) % ROPE_PAIRS == 0
                && alignment % PACK_BYTES == 0;
        String entry = packs ? "rope_packs" : "rope";
        device.launch(kernel(entry, x.dtype(), cos.dtype()), blocks(packs ? pairs / ROPE_PAIRS : pairs), arguments);
    }
}
