package dev.fovea.backend.cuda.device;

import dev.fovea.error.MemoryException;
import dev.fovea.ffi.Cleanup;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The memory of a GPU that one backend holds. In the current context; for one thread at a time. */
final class CudaMemory implements AutoCloseable {
    private final Gpu gpu;
    private final Map<Long, Long> held = new HashMap<>(); // bytes by address

    CudaMemory(Gpu gpu) {
        this.gpu = gpu;
    }

    /** @throws MemoryException where there is not as much, with the numbers */
    long allocate(long bytes) {
        try {
            long address = Driver.allocate(Math.max(1, bytes));
            held.put(address, bytes);
            return address;
        } catch (CudaException e) {
            String what = String.format(Locale.ROOT, "cannot allocate %.3f GB", bytes / 1e9);
            throw e.isOutOfMemory() ? shortage(what, e) : e;
        }
    }

    void free(long address) {
        Driver.free(address);
        held.remove(address);
    }

    /** Of what was asked for, with what there is. */
    MemoryException shortage(String what, CudaException cause) {
        long ours = held.values().stream().mapToLong(Long::longValue).sum();
        return new MemoryException(
                String.format(
                        Locale.ROOT,
                        "%s on %s: of its %.1f GB %.3f are free; this backend holds %.1f",
                        what,
                        gpu,
                        gpu.totalBytes() / 1e9,
                        Driver.freeBytes() / 1e9,
                        ours / 1e9),
                "a smaller model, batch, picture or prompt needs less; nvidia-smi lists what other programs hold",
                cause);
    }

    @Override
    public void close() {
        List<Long> addresses = List.copyOf(held.keySet());
        held.clear();
        Cleanup.each(addresses, Driver::free);
    }
}
