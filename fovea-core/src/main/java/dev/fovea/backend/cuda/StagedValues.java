package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Device;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * What a recording's calls read that comes from the host: ids, masks, tables. It lies in one block of device memory, at the same places
 * each time that the same sizes come in the same order.
 */
final class StagedValues {
    private static final int FIRST_BYTES = 1 << 20;
    private static final int ALIGNMENT = 64;
    private static final int SHORT_TABLE = 64;

    private final Device device;
    private final Runnable beforeGrowing;
    private byte[] staged = new byte[FIRST_BYTES];
    private long block;
    private int used;
    private int uploaded; // bytes of what is staged
    private final Map<Ints, Long> known = new HashMap<>();

    /** @param beforeGrowing told that another block follows: what was called runs, and its addresses are no longer good */
    StagedValues(Device device, Runnable beforeGrowing) {
        this.device = device;
        this.beforeGrowing = beforeGrowing;
    }

    /** Begins anew, at the first place. */
    void empty() {
        used = 0;
        uploaded = 0;
        known.clear();
    }

    /** Where host memory, as it is now, will lie after the next {@link #upload}. */
    long stage(MemorySegment from) {
        int bytes = Math.toIntExact(from.byteSize());
        if (used + bytes > staged.length || block == 0) {
            grow(bytes);
        }
        MemorySegment.copy(from, 0, MemorySegment.ofArray(staged), used, bytes);
        long address = block + used;
        used += (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        return address;
    }

    /** Layers share one copy of a long table. Short ones would be equal by chance, and then lie elsewhere than last time. */
    long address(int[] values) {
        if (values.length <= SHORT_TABLE) {
            return stage(MemorySegment.ofArray(values));
        }
        Ints key = new Ints(values);
        Long there = known.get(key);
        if (there == null) {
            there = stage(MemorySegment.ofArray(values));
            known.put(new Ints(values.clone()), there);
        }
        return there;
    }

    private void grow(int bytes) {
        beforeGrowing.run();
        empty();
        if (block != 0 || bytes > staged.length) {
            close();
            staged = new byte[Math.max(2 * staged.length, bytes + FIRST_BYTES)];
        }
        block = device.allocate(staged.length);
    }

    /** Copies what has come since. */
    void upload() {
        if (used > uploaded) {
            device.upload(MemorySegment.ofArray(staged).asSlice(uploaded, used - uploaded), block + uploaded);
            uploaded = used;
        }
    }

    void close() {
        if (block != 0) {
            device.free(block);
            block = 0; // where there is no memory for another, the next to ask tries again
        }
    }
}
