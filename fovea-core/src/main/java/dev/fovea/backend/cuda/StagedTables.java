package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tables in one block of device memory, filled from its start and begun anew where it is full: what is launched runs in one
 * order, so a later operation may overwrite what an earlier one reads. Layers that ask for the same values share one copy.
 *
 * <p>Used under the backend's lock: an operation {@linkplain #begin begins}, asks for its tables, and launches.
 */
final class StagedTables implements Tables {
    private static final long FIRST_BYTES = 1L << 20;
    private static final long ALIGNMENT = 16;

    private final Device device;
    private final Map<Ints, Long> known = new HashMap<>();
    private long block;
    private long size;
    private long used;
    private final List<Long> outgrown = new ArrayList<>(); // blocks that the operation which begins next need not keep

    StagedTables(Device device) {
        this.device = device;
    }

    /** An operation begins: the tables of those before it may go. */
    void begin() {
        while (!outgrown.isEmpty()) {
            device.free(outgrown.removeLast());
        }
        if (used > size / 2) {
            known.clear();
            used = 0;
        }
    }

    @Override
    public long address(int[] values) {
        Long there = known.get(new Ints(values));
        if (there != null) {
            return there;
        }
        long bytes = (long) values.length * Integer.BYTES;
        if (used + bytes > size) {
            grow(bytes);
        }
        long address = block + used;
        device.upload(MemorySegment.ofArray(values), address);
        used += (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        known.put(new Ints(values.clone()), address);
        return address;
    }

    /** Another block; the tables that this operation has got already stay where they are. */
    private void grow(long bytes) {
        long larger = Math.max(Math.max(FIRST_BYTES, 2 * size), 4 * bytes);
        long another = device.allocate(larger);
        if (size > 0) {
            outgrown.add(block);
        }
        block = another;
        size = larger;
        used = 0;
        known.clear();
    }
}
