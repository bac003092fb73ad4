package dev.fovea.backend.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** The registers of a device: as many files as blocks run at once, used again by later ones. */
final class PtxFiles {
    private final Queue<File> files = new ConcurrentLinkedQueue<>();

    /** A file that no other block uses. */
    File take() {
        File file = files.poll();
        return file == null ? new File() : file;
    }

    /** Gives a file back, for others. */
    void give(File file) {
        files.add(file);
    }

    void clear() {
        files.clear();
    }

    /** The registers of a block: each one with a value for each lane of a warp, of any content at first. */
    static final class File {
        private final List<long[]> registers = new ArrayList<>();

        /** By warp, the registers as the kernel that was last here has them. */
        private final List<long[][]> warps = new ArrayList<>();

        private @Nullable PtxKernel kernel;

        /** The registers of a warp of a kernel, by slot. */
        long[][] registers(PtxKernel running, int warp) {
            if (kernel != running) {
                kernel = running;
                warps.clear();
            }
            while (warps.size() <= warp) {
                warps.add(laidOut(running.layout(), warps.size()));
            }
            return warps.get(warp);
        }

        private long[][] laidOut(PtxOperands.Layout layout, int warp) {
            while (registers.size() < (warp + 1) * layout.size()) {
                registers.add(new long[PtxWarp.LANES]);
            }
            long[][] slots = layout.constants().clone();
            for (int i = 0; i < slots.length; i++) {
                if (slots[i] == null) {
                    slots[i] = registers.get(warp * layout.size() + layout.places()[i]);
                }
            }
            return slots;
        }
    }
}
