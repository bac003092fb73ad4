package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.tensor.Tensor;
import java.util.List;

/** Launches of {@code movement.cu} that move rows by their numbers, and means over rows; see {@link Copies} for views. */
final class Movement {
    private final Device device;
    private final Tables tables;

    Movement(Device device, Tables tables) {
        this.device = device;
        this.tables = tables;
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
        device.launch(Copies.kernel("gather", table.dtype(), out.dtype()), Elementwise.blocks(n), arguments);
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
        device.launch(Copies.kernel("scatter", source.dtype(), target.dtype()), Elementwise.blocks(n), arguments);
    }

    void meanRows(Tensor x, Tensor out) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.address(out))
                .integer(x.dim(0))
                .integer(x.dim(1));
        device.launch(Copies.kernel("mean_rows", x.dtype(), out.dtype()), Elementwise.blocks(x.dim(1)), arguments);
    }
}
