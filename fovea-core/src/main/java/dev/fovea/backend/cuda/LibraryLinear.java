package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products of many rows by the device's library. It wants operands of one dtype whose rows begin at multiples of 16 bytes; large
 * products whose operands are not so get copies that are: weights in the rows' dtype, rows with zeros behind them, which add
 * nothing.
 */
final class LibraryLinear {
    private static final int ALIGNMENT = 16;

    /** Multiplications that copies are nothing beside. */
    private static final long LARGE = 1L << 24;

    private final Device device;
    private final Copies copies;
    private final long large;

    LibraryLinear(Device device) {
        this(device, LARGE);
    }

    LibraryLinear(Device device, long large) {
        this.device = device;
        copies = new Copies(device);
        this.large = large;
    }

    /** False where the library does not take it, and nothing is done. */
    boolean multiply(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        return plain(x, w, bias, out) || copied(x, w, bias, out);
    }

    private boolean plain(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        if (w.dtype() != x.dtype() || w.dim(1) == 0 || (bias != null && !isTaken(bias, x.dtype()))) {
            return false;
        }
        Product product =
                new Product(x.dtype(), x.dim(0), w.dim(1), w.dim(0), Rows.stride(x), !w.isContiguous(), bias != null);
        if (!device.multiplies(product, Rows.address(x), Rows.address(w), Rows.address(out))) {
            return false;
        }
        device.multiply(
                product, Rows.address(x), Rows.address(w), bias == null ? 0 : Rows.address(bias), Rows.address(out));
        return true;
    }

    private boolean copied(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        int rows = x.dim(0);
        if (!w.isContiguous() || (long) rows * w.dim(0) * w.dim(1) < large) {
            return false;
        }
        DType dtype = x.dtype();
        int outputs = padded(w.dim(0), dtype);
        int width = padded(w.dim(1), dtype);
        boolean rowsFit = width == w.dim(1) && isAligned(x, Rows.stride(x));
        long stride = rowsFit ? Rows.stride(x) : width;
        Product product = new Product(dtype, rows, width, outputs, stride, false, bias != null);
        if (!device.multiplies(product, 0, 0, 0)) {
            return false;
        }
        try (Scope scope = Scope.open(x.backend())) {
            long from = rowsFit ? Rows.address(x) : fit(scope, x, dtype, rows, width);
            boolean weightFits = w.dtype() == dtype && w.dim(0) == outputs && w.dim(1) == width && isAligned(w, width);
            long weight = weightFits ? Rows.address(w) : fit(scope, w, dtype, outputs, width);
            long biases = bias == null ? 0 : fit(scope, bias.reshape(1, bias.dim(0)), dtype, 1, outputs);
            boolean outFits = w.dim(0) == outputs && isAligned(out, outputs);
            Tensor result = outFits ? out : scope.allocate(dtype, Shape.of(rows, outputs));
            device.multiply(product, from, weight, biases, Rows.address(result));
            if (!outFits) {
                copies.fit(result, outputs, rows, outputs, out, w.dim(0));
            }
        }
        return true;
    }

    /** It adds a bias in packs too. */
    private static boolean isTaken(Tensor bias, DType dtype) {
        return bias.dtype() == dtype && isAligned(bias, 0);
    }

    private static int padded(int size, DType dtype) {
        int unit = ALIGNMENT / dtype.bytes();
        return Math.ceilDiv(size, unit) * unit;
    }

    private static boolean isAligned(Tensor t, long stride) {
        return ((Rows.address(t) | stride * t.dtype().bytes()) & (ALIGNMENT - 1)) == 0;
    }

    /** The address of a copy with as many rows at least, of a width; further rows hold anything. */
    private long fit(Scope scope, Tensor t, DType dtype, int rows, int width) {
        Tensor copy = scope.allocate(dtype, Shape.of(rows, width));
        copies.fit(t, Rows.stride(t), t.dim(0), t.dim(1), copy, width);
        return Rows.address(copy);
    }
}
