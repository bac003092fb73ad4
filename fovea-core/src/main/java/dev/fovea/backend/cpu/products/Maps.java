package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Elementwise;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Operations on channels-last maps (Y, X, C). */
public final class Maps {
    private final Workers workers;

    public Maps(Workers workers) {
        this.workers = workers;
    }

    /** A map in memory. */
    public record Plane(DType dtype, long address, int height, int width, int channels) {
        public static Plane of(Tensor x) {
            return new Plane(x.dtype(), Rows.address(x), x.dim(0), x.dim(1), x.dim(2));
        }

        long at(int y, int x, int c) {
            return address + (((long) y * width + x) * channels + c) * dtype.bytes();
        }
    }

    /** A window that moves over a map. */
    public record Window(int height, int width, int stride, int padding) {}

    /**
     * The patch under each position of the window as a row (ky, kx, C / groups): im2col (Chellapilla et al., 2006).
     *
     * @param first the group's first channel
     * @param patches (Y' X', ky kx C / groups)
     */
    public void unfold(Plane x, Window window, int first, int channels, int outWidth, Rows patches) {
        long pixel = (long) channels * x.dtype().bytes();
        workers.blocks(patches.count(), Elementwise.rowsPerPiece(patches.width()), (from, to) -> {
            for (int i = from; i < to; i++) {
                int top = i / outWidth * window.stride() - window.padding();
                int left = i % outWidth * window.stride() - window.padding();
                for (int ky = 0; ky < window.height(); ky++) {
                    long target = patches.row(i) + (long) ky * window.width() * pixel;
                    unfoldLine(x, top + ky, left, window.width(), first, pixel, target);
                }
            }
        });
    }

    private static void unfoldLine(Plane x, int y, int left, int width, int first, long pixel, long target) {
        boolean inside = y >= 0 && y < x.height();
        int from = inside ? Math.clamp(-left, 0, width) : width;
        int to = inside ? Math.clamp(x.width() - left, from, width) : width;
        fillZero(target, from * pixel);
        fillZero(target + to * pixel, (width - to) * pixel);
        if (pixel == (long) x.channels() * x.dtype().bytes()) {
            copy(x.at(Math.max(0, y), left + from, 0), target + from * pixel, (to - from) * pixel);
            return;
        }
        for (int kx = from; kx < to; kx++) {
            copy(x.at(y, left + kx, first), target + kx * pixel, pixel);
        }
    }

    private static void fillZero(long to, long bytes) {
        Lanes.MEMORY.asSlice(to, bytes).fill((byte) 0);
    }

    private static void copy(long from, long to, long bytes) {
        MemorySegment.copy(Lanes.MEMORY, from, Lanes.MEMORY, to, bytes);
    }

    /** Means of squares. */
    public void average(Plane x, int size, Plane out) {
        workers.blocks(out.height(), bandHeight(out.height(), workers), (from, to) -> {
            float[] sum = new float[Lanes.padded(x.channels())];
            float[] one = new float[sum.length];
            for (int y = from; y < to; y++) {
                for (int c = 0; c < out.width(); c++) {
                    java.util.Arrays.fill(sum, 0);
                    for (int i = 0; i < size * size; i++) {
                        long at = x.at(y * size + i / size, c * size + i % size, 0);
                        Lanes.load(x.dtype(), at, one, 0, x.channels());
                        RowMath.add(sum, one, x.channels());
                    }
                    RowMath.scale(sum, 1f / (size * size), x.channels());
                    Lanes.store(out.dtype(), sum, 0, out.at(y, c, 0), x.channels());
                }
            }
        });
    }

    /** A few bands for each thread; a band reads some rows twice that its neighbours read too. */
    static int bandHeight(int height, Workers workers) {
        return Math.max(4, Math.ceilDiv(height, 4 * workers.count()));
    }

    /** Mean of rows, columns shared out. */
    public void meanRows(Rows x, Rows out) {
        int bytes = x.dtype().bytes();
        workers.blocks(x.width(), 16 * Lanes.COUNT, (from, to) -> {
            int n = to - from;
            float[] sum = new float[Lanes.padded(n)];
            float[] one = new float[sum.length];
            for (int i = 0; i < x.count(); i++) {
                Lanes.load(x.dtype(), x.row(i) + (long) from * bytes, one, 0, n);
                RowMath.add(sum, one, n);
            }
            RowMath.scale(sum, 1f / x.count(), n);
            Lanes.store(out.dtype(), sum, 0, out.address() + (long) from * bytes, n);
        });
    }

    /** A bias, or zeros. */
    public static float[] biasOf(@Nullable Rows bias, int width) {
        float[] values = new float[Lanes.padded(width)];
        if (bias != null) {
            bias.load(0, values);
        }
        return values;
    }
}
