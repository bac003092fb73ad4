package dev.fovea.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

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
        file.used = 0;
        files.add(file);
    }

    void clear() {
        files.clear();
    }

    /** The registers of a block: each one with a value for each lane of a warp, of any content at first. */
    static final class File {
        private final List<long[]> registers = new ArrayList<>();
        private int used;

        long[] next() {
            if (used == registers.size()) {
                registers.add(new long[PtxWarp.LANES]);
            }
            return registers.get(used++);
        }
    }
}
