package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Attention: launches of {@code attention.cu}, {@link Flash} and {@link WideAttention}. For few queries the keys are split over blocks at positions
 * that are multiples of {@value #TILE}, or more where a query sees many, and the parts put together in their order (Dao et al.,
 * Flash-Decoding, 2023): what a query gets depends on itself alone.
 */
final class Attention {
    private static final int THREADS = 256;
    private static final int CHUNK = 256; // positions of a block where there are many queries
    private static final int TILE = 64; // positions of a block where there are few, at least
    private static final int MOST_CHUNKS = 64; // of a query
    private static final int WIDEST_CHUNK = 256; // width of a head
    private static final int MOST_HEADS = 8; // query heads of a block
    private static final int TOGETHER = 4; // queries of a block where there are many

    private static final int MASKS = 4; // of a model with sliding and full layers, each in spans of two sizes

    private final Device device;
    private final Tables tables;
    private final Flash flash;
    private final WideAttention wide;

    /** The masks of this thread's step, which all of its layers ask for, the latest first. */
    private final ThreadLocal<Deque<Packed>> packed = ThreadLocal.withInitial(ArrayDeque::new);

    private record Packed(Mask mask, int spans, MaskTable table) {}

    Attention(Device device, Tables tables) {
        this.device = device;
        this.tables = tables;
        this.flash = new Flash(device);
        this.wide = new WideAttention(device);
    }

    /** The operands of a launch. */
    record Call(Tensor q, Tensor k, Tensor v, MaskTable mask, long maskAddress, float scale, Tensor out) {
        int queries() {
            return q.dim(0);
        }

        int heads() {
            return q.dim(1);
        }

        int groups() {
            return k.dim(1);
        }

        int width() {
            return q.dim(2);
        }

        /** The address of the mask's spans. */
        long spans() {
            return maskAddress + (long) Integer.BYTES * mask.spansAt();
        }

        /** Those that all kernels begin with. */
        Arguments arguments() {
            return new Arguments()
                    .pointer(Rows.address(q))
                    .pointer(Rows.stride(q))
                    .pointer(Rows.address(k))
                    .pointer(Rows.stride(k))
                    .pointer(Rows.address(v))
                    .pointer(Rows.stride(v))
                    .pointer(maskAddress)
                    .integer(mask.capacity())
                    .pointer(Rows.address(out));
        }

        private Kernel kernel(String entry) {
            return new Kernel(Kernel.Module.of("attention", q.dtype()), entry, THREADS);
        }
    }

    /** {@link Backend#attention} into a densely packed tensor. */
    void attend(Tensor q, Tensor k, Tensor v, Mask mask, float scale, Tensor out) {
        if (out.shape().size() == 0) {
            return;
        }
        if (WideAttention.handles(q, k, mask)) {
            wide.attend(q, k, v, scale, out);
            return;
        }
        boolean few = q.dim(0) <= Backend.FEW_ROWS && q.dim(2) <= WIDEST_CHUNK;
        if (!few && Flash.handles(q.dtype(), q.dim(2), scale)) {
            boolean large = Flash.large(pack(mask, Flash.LARGE), q.dim(0), q.dim(1));
            int most = large ? Flash.LARGE : Flash.SMALL;
            flash.attend(call(q, k, v, pack(mask, most), scale, out), most);
            return;
        }
        Call call = call(q, k, v, pack(mask, few ? 0 : TOGETHER), scale, out);
        try (Scope scope = Scope.open(q.backend())) {
            if (few) {
                chunks(call, scope);
            } else {
                plain(call, scope);
            }
        }
    }

    private Call call(Tensor q, Tensor k, Tensor v, MaskTable mask, float scale, Tensor out) {
        return new Call(q, k, v, mask, tables.address(mask.values()), scale, out);
    }

    /** @param spans of how many queries at most; 0 for none */
    private MaskTable pack(Mask mask, int spans) {
        Deque<Packed> latest = packed.get();
        for (Packed one : latest) {
            if (one.mask == mask && one.spans == spans) {
                return one.table;
            }
        }
        MaskTable table = spans == 0 ? MaskTable.of(mask) : MaskTable.withSpans(mask, spans);
        latest.addFirst(new Packed(mask, spans, table));
        if (latest.size() > MASKS) {
            latest.removeLast();
        }
        return table;
    }

    /** A block for each span of queries and head. */
    private void plain(Call call, Scope scope) {
        boolean inPlace = call.mask.end() <= CHUNK || call.out.dtype() == DType.FLOAT32;
        Tensor sums = inPlace ? call.out : scope.allocate(DType.FLOAT32, call.out.shape());
        Arguments arguments = call.arguments()
                .pointer(Rows.address(sums))
                .pointer(call.spans())
                .integer(call.queries())
                .integer(call.groups())
                .integer(call.width())
                .real(call.scale);
        device.launch(call.kernel("attend"), new Grid(call.mask.spans(), call.heads(), 1), arguments);
    }

    /** A block for each query, chunk of positions and some heads that share keys; then the chunks are merged. */
    private void chunks(Call call, Scope scope) {
        int end = call.mask.end();
        int chunks = end <= TILE ? 1 : Math.min(MOST_CHUNKS, MaskTable.roundUp(end) / TILE);
        int shared = call.heads() / call.groups();
        int heads = Math.min(MOST_HEADS, shared == 1 ? 1 : 2 * Integer.highestOneBit(shared - 1));
        Tensor sums = scope.allocate(DType.FLOAT32, Shape.of(call.queries(), call.heads(), chunks, call.width()));
        Tensor weights = scope.allocate(DType.FLOAT32, Shape.of(call.queries(), call.heads(), chunks, 2));
        Arguments arguments = call.arguments()
                .pointer(Rows.address(sums))
                .pointer(Rows.address(weights))
                .integer(call.heads())
                .integer(call.groups())
                .integer(call.width())
                .real(call.scale);
        Grid grid = new Grid(chunks, call.groups() * Math.ceilDiv(shared, heads), call.queries());
        device.launch(call.kernel("chunk_" + heads), grid, arguments);
        if (chunks > 1) {
            merge(call, sums, weights, chunks);
        }
    }

    private void merge(Call call, Tensor sums, Tensor weights, int chunks) {
        Arguments arguments = new Arguments()
                .pointer(Rows.address(sums))
                .pointer(Rows.address(weights))
                .pointer(call.maskAddress)
                .pointer(Rows.address(call.out))
                .integer(chunks)
                .integer(call.width());
        device.launch(call.kernel("merge"), new Grid(call.queries(), call.heads(), 1), arguments);
    }
}
