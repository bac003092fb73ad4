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

    /**
     * Convolution of each channel with a kernel of its own. Rows of the map become float32 once per band of output rows.
     *
     * @param taps (ky kx, C), each row padded to whole vectors
     */
    public void depthwise(Plane x, Window window, float[] taps, float[] bias, Plane out) {
        workers.blocks(out.height(), bandHeight(out.height()), (from, to) -> {
            Band band = new Band(x, window);
            float[] pixel = new float[Lanes.padded(x.channels())];
            for (int y = from; y < to; y++) {
                band.moveTo(y * window.stride() - window.padding());
                for (int c = 0; c < out.width(); c++) {
                    System.arraycopy(bias, 0, pixel, 0, x.channels());
                    band.convolve(c * window.stride() - window.padding(), taps, pixel);
                    Lanes.store(out.dtype(), pixel, 0, out.at(y, c, 0), x.channels());
                }
            }
        });
    }

    /** A few bands for each thread; a band reads some rows twice that its neighbours read too. */
    private int bandHeight(int height) {
        return Math.max(4, Math.ceilDiv(height, 4 * workers.count()));
    }

    /** As many rows of a map as the window is high, as float32. */
    private static final class Band {
        private final Plane x;
        private final Window window;
        private final int pitch;
        private final int lineLength;
        private final float[] lines;
        private final int[] held;
        private final int[] at; // where the pixel under each tap that is inside the map begins, in lines
        private final int[] tap; // and where its weights do, in taps
        private int top;

        Band(Plane x, Window window) {
            this.x = x;
            this.window = window;
            pitch = Lanes.padded(x.channels());
            lineLength = x.width() * pitch;
            lines = new float[window.height() * lineLength];
            held = new int[window.height()];
            at = new int[window.height() * window.width()];
            tap = new int[window.height() * window.width()];
            java.util.Arrays.fill(held, -1);
        }

        void moveTo(int newTop) {
            top = newTop;
            for (int y = Math.max(0, top); y < Math.min(x.height(), top + window.height()); y++) {
                int slot = y % window.height();
                if (held[slot] != y) {
                    held[slot] = y;
                    for (int c = 0; c < x.width(); c++) {
                        int to = slot * lineLength + c * pitch;
                        Lanes.load(x.dtype(), x.at(y, c, 0), lines, to, x.channels());
                    }
                }
            }
        }

        /** Adds what is under the window to a pixel. */
        void convolve(int left, float[] taps, float[] pixel) {
            int n = 0;
            for (int ky = Math.max(0, -top); ky < Math.min(window.height(), x.height() - top); ky++) {
                int line = (top + ky) % window.height() * lineLength;
                for (int kx = Math.max(0, -left); kx < Math.min(window.width(), x.width() - left); kx++) {
                    at[n] = line + (left + kx) * pitch;
                    tap[n++] = (ky * window.width() + kx) * pitch;
                }
            }
            RowMath.addProducts(pixel, lines, at, taps, tap, n, x.channels());
        }
    }

    /** Means of squares. */
    public void average(Plane x, int size, Plane out) {
        workers.blocks(out.height(), bandHeight(out.height()), (from, to) -> {
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
        return JavaGemm.biasOf(bias, width);
    }
}
