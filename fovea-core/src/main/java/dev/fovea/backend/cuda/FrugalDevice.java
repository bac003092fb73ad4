package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.Product;
import dev.fovea.error.MemoryException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A device that tries once more where memory is short, after what waits for reuse has been given back: kernels take some when they are
 * loaded, libraries for themselves, and graphs.
 */
final class FrugalDevice extends ForwardingDevice {
    private final Runnable reclaim;
    private volatile @Nullable Thread capturing; // who makes a graph: nothing may be freed meanwhile

    /** @param reclaim gives memory back to the device; holds no lock that a caller may hold */
    FrugalDevice(Device device, Runnable reclaim) {
        super(device);
        this.reclaim = reclaim;
    }

    private <T> T orAgain(Supplier<T> work) {
        try {
            return work.get();
        } catch (MemoryException e) {
            if (capturing == Thread.currentThread()) {
                throw e;
            }
            reclaim.run();
            return work.get();
        }
    }

    private void orAgain(Runnable work) {
        orAgain(() -> {
            work.run();
            return true;
        });
    }

    @Override
    public long allocate(long bytes) {
        return orAgain(() -> super.allocate(bytes));
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        orAgain(() -> super.launch(kernel, grid, arguments));
    }

    @Override
    public boolean multiplies(Product product, long x, long w, long y) {
        return orAgain(() -> super.multiplies(product, x, w, y));
    }

    @Override
    public void multiply(Product product, long x, long w, long bias, long y) {
        orAgain(() -> super.multiply(product, x, w, bias, y));
    }

    @Override
    public Graph capture(Runnable calls) {
        return orAgain(() -> super.capture(() -> {
            capturing = Thread.currentThread();
            try {
                calls.run();
            } finally {
                capturing = null;
            }
        }));
    }
}
