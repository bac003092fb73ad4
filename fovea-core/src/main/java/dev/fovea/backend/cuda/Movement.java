package dev.fovea.backend.cuda;

import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Launches of {@code movement.cu}, and plain copies. */
final class Movement {
    private static final int THREADS = 256;
    private static final int AXES = 6; // of a view in movement.cu

    private final Device device;
    private final Tables tables;

    Movement(Device device, Tables tables) {
        this.device = device;
        this.tables = tables;
    }

    private static Kernel kernel(String entry, DType from, DType to) {
        return new Kernel(Kernel.Module.of("movement", from, to), entry, THREADS);
    }

    /** Any view to a densely packed tensor of any dtype. */
    void copy(Tensor x, Tensor out) {
        if (x.isContiguous() && x.dtype() == out.dtype()) {
            device.copy(Rows.address(x), Rows.address(out), x.bytes());
            return;
        }
        List<Axis> axes = axes(x);
        Arguments arguments = new Arguments();
        for (int i = 0; i < AXES; i++) {
            arguments.integer(i < axes.size() ? axes.get(i).extent : 1);
        }
        for (int i = 0; i < AXES; i++) {
            arguments.pointer(i < axes.size() ? axes.get(i).stride : 0);
        }
        long n = x.shape().size();
        arguments
                .integer(axes.size())
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .pointer(n);
        device.launch(kernel("copy", x.dtype(), out.dtype()), Elementwise.blocks(n), arguments);
    }

    private record Axis(int extent, long stride) {}

    /** The axes of a view, neighbours that lie densely in each other taken as one. */
    private static List<Axis> axes(Tensor x) {
        List<Axis> axes = new ArrayList<>();
        for (int i = 0; i < x.rank(); i++) {
            Axis axis = new Axis(x.dim(i), x.stride(i));
            Axis last = axes.isEmpty() ? null : axes.getLast();
            if (last != null && last.stride == axis.stride * axis.extent) {
                axes.set(axes.size() - 1, new Axis(Math.multiplyExact(last.extent, axis.extent), axis.stride));
            } else if (axis.extent != 1) {
                axes.add(axis);
            }
        }
        if (axes.size() > AXES) {
            throw new UnsupportedOperationException("copy of " + x + " with more than " + AXES + " strided axes");
        }
        return axes;
    }

    void concat(List<Tensor> parts, Tensor out) {
        long to = Rows.address(out);
        for (Tensor part : parts) {
            device.copy(Rows.address(part), to, part.bytes());
            to += part.bytes();
        }
    }

    void gather(Tensor table, int[] ids, Tensor out) {
        long n = out.shape().size();
        Arguments arguments = new Arguments()
                .pointer(Rows.address(table))
                .pointer(Rows.stride(table))
                .pointer(tables.address(ids))
                .pointer(Rows.address(out))
                .pointer(n)
                .pointer(Rows.width(table));
        device.launch(kernel("gather", table.dtype(), out.dtype()), Elementwise.blocks(n), arguments);
    }

    void scatter(Tensor target, int[] ids, Tensor source) {
        long n = source.shape().size();
        Arguments arguments = new Arguments()
                .pointer(Rows.address(target))
                .pointer(Rows.stride(target))
                .pointer(tables.address(ids))
                .pointer(Rows.address(source))
                .pointer(Rows.stride(source))
                .pointer(n)
                .pointer(Rows.width(target));
        device.launch(kernel("scatter", source.dtype(), target.dtype()), Elementwise.blocks(n), arguments);
    }

    void meanRows(Tensor x, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .integer(x.dim(0))
                .integer(x.dim(1));
        device.launch(kernel("mean_rows", x.dtype(), out.dtype()), Elementwise.blocks(x.dim(1)), arguments);
    }
}
