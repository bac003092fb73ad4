package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.Device.Grid;
import dev.fovea.tensor.DType;
import java.util.List;

/** Launches of {@code flash.cu}: attention of many queries in 16 bits. */
final class Flash {
    /** Queries of a block. */
    static final int QUERIES = 64;

    /** Rooms for a head's width that there are kernels for. */
    private static final List<Integer> WIDTHS = List.of(32, 64, 80, 96, 128, 256);

    private static final int THREADS = 128;
    private static final int HELD_WIDTH = 128; // up to it queries stay in registers, and tiles are of 64 keys
    private static final int WIDE_KEYS = 16; // of a tile beyond it

    private final Device device;

    Flash(Device device) {
        this.device = device;
    }

    static boolean handles(DType dtype, int width) {
        return dtype != DType.FLOAT32 && width <= WIDTHS.getLast();
    }

    /** Many queries, with the mask's spans. */
    void attend(Attention.Call call) {
        Arguments arguments = call.arguments()
                .pointer(call.spans())
                .integer(call.queries())
                .integer(call.groups())
                .integer(call.width())
                .real((float) (call.scale() / Math.log(2)));
        Grid grid = new Grid(call.mask().spans(), call.heads(), 1);
        device.launch(kernel(call.q().dtype(), call.width()), grid, arguments);
    }

    private static Kernel kernel(DType dtype, int width) {
        int room = WIDTHS.stream().filter(w -> w >= width).findFirst().orElseThrow();
        int tileRows = room > HELD_WIDTH ? 2 * WIDE_KEYS + QUERIES : 2 * QUERIES;
        int sharedBytes = tileRows * (room + 8) * dtype.bytes();
        return new Kernel(module(dtype, room), "flash", THREADS, sharedBytes);
    }

    private static Kernel.Module module(DType dtype, int room) {
        return Kernel.Module.of("flash", dtype, "D", room);
    }

    /** What kernels there are for a dtype. */
    static List<Kernel.Module> modules(DType dtype) {
        return WIDTHS.stream().map(room -> module(dtype, room)).toList();
    }
}
