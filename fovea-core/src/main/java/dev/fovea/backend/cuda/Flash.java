package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import java.util.List;

/** Launches of {@code flash.cu}: attention of many queries in 16 bits. Blocks of any size give the same bits. */
final class Flash {
    /** Queries of a small block, and of a large one, which reads less. */
    static final int SMALL = 64;

    static final int LARGE = 128;

    /** Rooms for a head's width that there are kernels for. */
    private static final List<Integer> WIDTHS = List.of(32, 64, 72, 80, 96, 128, 256);

    private static final int ENOUGH_BLOCKS = 384; // large ones, from which on a device has work for all its processors
    private static final int ENOUGH_QUERIES = 96; // of a large block, on an average

    private final Device device;

    Flash(Device device) {
        this.device = device;
    }

    static boolean handles(DType dtype, int width, float scale) {
        return dtype != DType.FLOAT32 && width <= WIDTHS.getLast() && scale > 0;
    }

    /** Whether spans of a mask of at most {@value #LARGE} queries are many and well filled. */
    static boolean large(MaskTable spans, int queries, int heads) {
        return spans.spans() * heads >= ENOUGH_BLOCKS && queries >= spans.spans() * ENOUGH_QUERIES;
    }

    /** @param most queries of a span of the call's mask */
    void attend(Attention.Call call, int most) {
        Arguments arguments = call.arguments()
                .pointer(call.spans())
                .integer(call.queries())
                .integer(call.groups())
                .integer(call.width())
                .real((float) (call.scale() / Math.log(2)));
        Grid grid = new Grid(call.mask().spans(), call.heads(), 1);
        device.launch(kernel(call.q().dtype(), call.width(), most), grid, arguments);
    }

    private static Kernel kernel(DType dtype, int width, int queries) {
        int room = WIDTHS.stream().filter(w -> w >= width).findFirst().orElseThrow();
        boolean wide = room > 128;
        int threads = wide && queries == LARGE ? 256 : 128;
        return new Kernel(
                module(dtype, room),
                "flash_" + queries,
                threads,
                sharedRows(room, queries) * pitch(room) * dtype.bytes());
    }

    /** Of keys, values and, where they do not move to registers, queries. */
    private static int sharedRows(int room, int queries) {
        if (room > 128) {
            return 2 * 32 + queries;
        }
        int tiles = 4 * (room > 96 ? 32 : 64);
        return room > 72 && queries == LARGE ? tiles + queries : tiles;
    }

    private static int pitch(int room) {
        return room / 8 % 2 == 1 ? room : room + 8;
    }

    private static Kernel.Module module(DType dtype, int room) {
        return Kernel.Module.of("flash", dtype, "D", room);
    }

    /** What kernels there are for a dtype. */
    static List<Kernel.Module> modules(DType dtype) {
        return WIDTHS.stream().map(room -> module(dtype, room)).toList();
    }
}
