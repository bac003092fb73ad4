package dev.fovea.backend.cuda.ptx;

import dev.fovea.backend.cuda.device.Device;
import java.util.stream.IntStream;

/** The threads of a launch that share memory and barriers. */
final class PtxBlock {
    final PtxKernel kernel;
    final PtxMemory memory;
    final PtxMemory.Segment parameters;
    final PtxMemory.Segment shared;
    final Device.Grid grid;

    /** Its place in the grid. */
    final int x;

    final int y;
    final int z;

    private final int threads;
    private final PtxWarp[] warps;

    PtxBlock(PtxLaunch launch, int index) {
        kernel = launch.kernel();
        memory = launch.memory();
        parameters = launch.parameters();
        grid = launch.grid();
        threads = launch.threads();
        x = index % grid.x();
        y = index / grid.x() % grid.y();
        z = index / grid.x() / grid.y();
        shared = PtxMemory.Segment.of(0, launch.sharedBytes());
        warps = new PtxWarp[Math.ceilDiv(threads, PtxWarp.LANES)];
    }

    int threads() {
        return threads;
    }

    String place() {
        return "(%d, %d, %d)".formatted(x, y, z);
    }

    /**
     * Runs all threads to their end.
     *
     * @return how many instructions they ran
     */
    long run(PtxFiles files, boolean reversed) {
        PtxFiles.File file = files.take();
        try {
            for (int i = 0; i < warps.length; i++) {
                warps[i] = new PtxWarp(this, i * PtxWarp.LANES, file);
            }
            return run(reversed);
        } finally {
            files.give(file);
        }
    }

    private long run(boolean reversed) {
        while (true) {
            for (int i = 0; i < warps.length; i++) {
                warps[reversed ? warps.length - 1 - i : i].run();
            }
            if (IntStream.range(0, warps.length).allMatch(i -> warps[i].hasEnded())) {
                break;
            }
            release();
        }
        long executed = 0;
        for (PtxWarp warp : warps) {
            executed += warp.executed;
        }
        return executed;
    }

    /** Lets go on who waits at a barrier that all have reached. */
    private void release() {
        boolean any = false;
        for (int barrier = 0; barrier < 16; barrier++) {
            int came = 0;
            int living = 0;
            int named = 0;
            for (PtxWarp warp : warps) {
                came += warp.parkedAt(barrier);
                living += Integer.bitCount(warp.alive);
                named = Math.max(named, warp.expectedAt(barrier));
            }
            if (came > 0 && came == (named > 0 ? named : living)) {
                for (PtxWarp warp : warps) {
                    warp.release(barrier);
                }
                any = true;
            }
        }
        if (!any) {
            for (PtxWarp warp : warps) {
                if (!warp.hasEnded()) {
                    throw warp.stuck();
                }
            }
        }
    }
}
