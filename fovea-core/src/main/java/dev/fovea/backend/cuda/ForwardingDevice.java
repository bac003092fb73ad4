package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.Product;
import java.lang.foreign.MemorySegment;
import java.util.Collection;

/** A device that does as another does, to be changed in part. */
abstract class ForwardingDevice implements Device {
    private final Device device;

    ForwardingDevice(Device device) {
        this.device = device;
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public String architecture() {
        return device.architecture();
    }

    @Override
    public int multiprocessors() {
        return device.multiprocessors();
    }

    @Override
    public Object card() {
        return device.card();
    }

    @Override
    public long totalBytes() {
        return device.totalBytes();
    }

    @Override
    public long freeBytes() {
        return device.freeBytes();
    }

    @Override
    public void prepare(Collection<Kernel.Module> modules) {
        device.prepare(modules);
    }

    @Override
    public long allocate(long bytes) {
        return device.allocate(bytes);
    }

    @Override
    public void free(long address) {
        device.free(address);
    }

    @Override
    public void upload(MemorySegment from, long to) {
        device.upload(from, to);
    }

    @Override
    public void download(long from, MemorySegment to) {
        device.download(from, to);
    }

    @Override
    public void copy(long from, long to, long bytes) {
        device.copy(from, to, bytes);
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        device.launch(kernel, grid, arguments);
    }

    @Override
    public boolean multiplies(Product product, long x, long w, long y) {
        return device.multiplies(product, x, w, y);
    }

    @Override
    public void multiply(Product product, long x, long w, long bias, long y) {
        device.multiply(product, x, w, bias, y);
    }

    @Override
    public Graph capture(Runnable calls) {
        return device.capture(calls);
    }

    @Override
    public void await() {
        device.await();
    }

    @Override
    public void close() {
        device.close();
    }
}
