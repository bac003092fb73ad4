package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Copies of views, to densely packed tensors of any dtype: launches of {@code turn.cu} and {@code movement.cu}, and plain ones. */
final class Copies {
    private static final int THREADS = 256;
    private static final int AXES = 6; // of a view in movement.cu
    private static final int OF_A_THREAD = 4; // values, of fit
    private static final int SIDE = 32; // of a tile of turn
    private static final int MOST_BLOCKS = 65535; // along the second and third axis of a grid
    private static final Axis NO_AXIS = new Axis(1, 0, 0);

    private final Device device;

    Copies(Device device) {
        this.device = device;
    }

    static Kernel kernel(String entry, DType from, DType to) {
        return new Kernel(Kernel.Module.of("movement", from, to), entry, THREADS);
    }

    /** Any view, of at most {@value #AXES} axes that do not lie densely in each other. */
    void copy(Tensor x, Tensor out) {
        if (x.isContiguous() && x.dtype() == out.dtype()) {
            device.copy(Rows.address(x), Rows.address(out), x.bytes());
            return;
        }
        List<Axis> axes = axes(x);
        int last = axes.size() - 1;
        int dense = IntStream.rangeClosed(0, last)
                .filter(i -> axes.get(i).from == 1)
                .findFirst()
                .orElse(-1);
        if (last >= 0 && last <= 1 && dense == last) {
            Axis rows = last == 0 ? NO_AXIS : axes.getFirst();
            int width = axes.get(last).extent;
            fit(x, rows.from, rows.extent, width, out, width);
        } else if (dense >= 0 && dense < last && last <= 3 && isGrid(axes, dense)) {
            turn(x, axes, dense, out);
        } else {
            any(x, axes, out);
        }
    }

    /**
     * Rows into densely packed rows of another width: cut off, or with zeros behind them.
     *
     * @param stride elements between the rows of x
     */
    void fit(Tensor x, long stride, int rows, int width, Tensor out, int outWidth) {
        long values = (long) rows * outWidth;
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(stride)
                .integer(Math.min(width, outWidth))
                .pointer(Rows.address(out))
                .integer(outWidth)
                .pointer(values);
        long threads = Math.ceilDiv(values, OF_A_THREAD);
        device.launch(kernel("fit", x.dtype(), out.dtype()), Elementwise.blocks(threads), arguments);
    }

    /** @param dense the axis along which x lies densely, which is not the last */
    private void turn(Tensor x, List<Axis> axes, int dense, Tensor out) {
        List<Axis> others = new ArrayList<>(axes);
        Axis written = others.removeLast();
        Axis read = others.remove(dense);
        others.addAll(List.of(NO_AXIS, NO_AXIS));
        Arguments arguments = new Arguments();
        for (Axis axis : List.of(read, written, others.get(0), others.get(1))) {
            arguments.integer(axis.extent).pointer(axis.from).pointer(axis.to);
        }
        arguments.pointer(Rows.address(x)).pointer(Rows.address(out));
        Grid grid = new Grid(
                Math.ceilDiv(written.extent, SIDE), Math.ceilDiv(read.extent, SIDE), (int) others(axes, dense));
        Kernel.Module module = Kernel.Module.of("turn", x.dtype(), out.dtype());
        device.launch(new Kernel(module, "turn", THREADS), grid, arguments);
    }

    private static boolean isGrid(List<Axis> axes, int dense) {
        return Math.ceilDiv(axes.get(dense).extent, SIDE) <= MOST_BLOCKS && others(axes, dense) <= MOST_BLOCKS;
    }

    /** Elements of all axes but the last and another. */
    private static long others(List<Axis> axes, int dense) {
        return IntStream.range(0, axes.size() - 1)
                .filter(i -> i != dense)
                .mapToLong(i -> axes.get(i).extent)
                .reduce(1, (a, b) -> a * b);
    }

    private void any(Tensor x, List<Axis> axes, Tensor out) {
        if (axes.size() > AXES) {
            throw new UnsupportedOperationException("copy of " + x + " with more than " + AXES + " strided axes");
        }
        Arguments arguments = new Arguments();
        for (int i = 0; i < AXES; i++) {
            arguments.integer(i < axes.size() ? axes.get(i).extent : 1);
        }
        for (int i = 0; i < AXES; i++) {
            arguments.pointer(i < axes.size() ? axes.get(i).from : 0);
        }
        long n = x.shape().size();
        arguments
                .integer(axes.size())
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .pointer(n);
        device.launch(kernel("copy", x.dtype(), out.dtype()), Elementwise.blocks(n), arguments);
    }

    /** Its extent, and how far apart its elements are in a view and in a densely packed copy of it. */
    private record Axis(int extent, long from, long to) {}

    /** The axes of a view, neighbours that lie densely in each other taken as one. */
    private static List<Axis> axes(Tensor x) {
        List<Axis> axes = new ArrayList<>();
        long to = 1;
        for (int i = x.rank() - 1; i >= 0; i--) {
            Axis axis = new Axis(x.dim(i), x.stride(i), to);
            Axis inner = axes.isEmpty() ? null : axes.getFirst();
            if (inner != null && axis.from == inner.from * inner.extent) {
                axes.set(0, new Axis(Math.multiplyExact(axis.extent, inner.extent), inner.from, inner.to));
            } else if (axis.extent != 1) {
                axes.addFirst(axis);
            }
            to *= axis.extent;
        }
        return axes;
    }
}
