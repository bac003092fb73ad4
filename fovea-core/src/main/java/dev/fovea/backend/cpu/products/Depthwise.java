package dev.fovea.backend.cpu.products;

import static dev.fovea.backend.cpu.rows.Lanes.MEMORY;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.RowMath;
import dev.fovea.tensor.DType;
import java.util.Arrays;

/** Convolution of each channel of a map with a kernel of its own, by machine code where it runs and channels are whole vectors. */
public final class Depthwise {
    private static final ThreadLocal<Memory> MEMORY_OF = ThreadLocal.withInitial(Memory::new);

    private final Workers workers;
    private final boolean code;

    private static final class Memory {
        private final Buffer taps = new Buffer();
        private final Buffer bias = new Buffer();
        private final Buffer table = new Buffer();
    }

    /** @param code whether machine code runs here, and may be used */
    public Depthwise(Workers workers, boolean code) {
        this.workers = workers;
        this.code = code;
    }

    /** @param taps (ky kx, C), each row padded to whole vectors */
    public void run(Maps.Plane x, Maps.Window window, float[] taps, float[] bias, Maps.Plane out) {
        int height = Maps.bandHeight(out.height(), workers);
        if (code && x.channels() % Lanes.COUNT == 0 && DepthwiseCode.suits(window.height() * window.width())) {
            Memory memory = MEMORY_OF.get();
            long weights = put(taps, memory.taps);
            long start = put(bias, memory.bias);
            workers.blocks(out.height(), height, (from, to) -> {
                Line line = new Line(x, window, weights, start, out);
                for (int y = from; y < to; y++) {
                    line.run(y);
                }
            });
            return;
        }
        workers.blocks(out.height(), height, (from, to) -> bands(x, window, taps, bias, out, from, to));
    }

    private static long put(float[] values, Buffer to) {
        long at = to.floats(values.length);
        Lanes.store(DType.FLOAT32, values, 0, at, values.length);
        return at;
    }

    /** A row of results by {@link DepthwiseCode}: places under whose window the same taps lie are one call. */
    private record Line(Maps.Plane x, Maps.Window window, long taps, long bias, Maps.Plane out) {
        void run(int y) {
            int top = y * window.stride() - window.padding();
            int first = window.padding(); // of those whose window has all its columns inside
            int end = x.width() - window.width() + window.padding() + 1;
            int c = 0;
            while (c < out.width()) {
                boolean inside = window.stride() == 1 && c >= first && c < end;
                int count = inside ? Math.min(end, out.width()) - c : 1;
                places(top, c * window.stride() - window.padding(), out.at(y, c, 0), count);
                c += count;
            }
        }

        private void places(int top, int left, long to, int count) {
            long table = MEMORY_OF.get().table.bytes((long) window.height() * window.width() * DepthwiseCode.ENTRY);
            int n = 0;
            for (int ky = Math.max(0, -top); ky < Math.min(window.height(), x.height() - top); ky++) {
                for (int kx = Math.max(0, -left); kx < Math.min(window.width(), x.width() - left); kx++) {
                    long entry = table + (long) n++ * DepthwiseCode.ENTRY;
                    long tap = (long) (ky * window.width() + kx) * x.channels() * Float.BYTES;
                    MEMORY.set(JAVA_LONG, entry, x.at(top + ky, left + kx, 0));
                    MEMORY.set(JAVA_LONG, entry + Long.BYTES, taps + tap);
                }
            }
            DepthwiseCode.run(x.dtype(), n, table, bias, to, x.channels(), count);
        }
    }

    // ------------------------------------------------------------------------------------------------ in Java

    /** Rows of the map become float32 once per band of rows of results. */
    private static void bands(
            Maps.Plane x, Maps.Window window, float[] taps, float[] bias, Maps.Plane out, int from, int to) {
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
    }

    /** As many rows of a map as the window is high, as float32. */
    private static final class Band {
        private final Maps.Plane x;
        private final Maps.Window window;
        private final int pitch;
        private final int lineLength;
        private final float[] lines;
        private final int[] held;
        private final int[] at; // where the pixel under each tap that is inside the map begins, in lines
        private final int[] tap; // and where its weights do, in taps
        private int top;

        Band(Maps.Plane x, Maps.Window window) {
            this.x = x;
            this.window = window;
            pitch = Lanes.padded(x.channels());
            lineLength = x.width() * pitch;
            lines = new float[window.height() * lineLength];
            held = new int[window.height()];
            at = new int[window.height() * window.width()];
            tap = new int[window.height() * window.width()];
            Arrays.fill(held, -1);
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
}
