package dev.fovea.media.transforms;

import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/**
 * New rows of a picture, some at a time: what both passes of a band need fits into a core's cache, and each band is made by one
 * thread. Old rows at the edges of bands are read twice.
 */
final class Bands {
    private static final long CACHE = 1 << 20;
    private static final int FEWEST = 8; // rows, so that few old rows are read twice
    private static final int BANDS_PER_THREAD = 2;

    private Bands() {}

    /** A run of new rows, {@code from} to {@code to} exclusive. */
    interface Band {
        void make(int from, int to);
    }

    /**
     * @param oldRows of the picture
     * @param bytes that a band holds of each old row
     */
    static void forEach(int oldRows, int newRows, long bytes, Band band) {
        double bytesOfNew = Math.max(1, (double) oldRows / newRows) * bytes;
        int threads = ForkJoinPool.getCommonPoolParallelism() + 1;
        int most = Math.ceilDiv(newRows, BANDS_PER_THREAD * threads);
        int rows = Math.max(FEWEST, Math.min(most, (int) (CACHE / bytesOfNew)));
        IntStream.range(0, Math.ceilDiv(newRows, rows))
                .parallel()
                .forEach(i -> band.make(i * rows, Math.min(newRows, (i + 1) * rows)));
    }
}
