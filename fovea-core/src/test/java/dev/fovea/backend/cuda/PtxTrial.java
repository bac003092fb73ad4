package dev.fovea.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;

/** An interpreter with the kernels of a {@code .ptx} in the folder ptx, and what tests do with it. */
final class PtxTrial implements AutoCloseable {
    final PtxDevice device;

    PtxTrial(String name) {
        this(() -> text(name));
    }

    PtxTrial(Supplier<String> ptx) {
        device = new PtxDevice(module -> ptx.get(), 1 << 24);
    }

    private static String text(String name) {
        try (InputStream in = PtxTrial.class.getResourceAsStream("ptx/" + name + ".ptx")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Brings an array to the device; answers its address. */
    long put(MemorySegment array) {
        long address = device.allocate(array.byteSize());
        device.upload(array, address);
        return address;
    }

    long put(float... values) {
        return put(MemorySegment.ofArray(values));
    }

    long put(int... values) {
        return put(MemorySegment.ofArray(values));
    }

    float[] floats(long address, int count) {
        float[] values = new float[count];
        device.download(address, MemorySegment.ofArray(values));
        return values;
    }

    int[] ints(long address, int count) {
        int[] values = new int[count];
        device.download(address, MemorySegment.ofArray(values));
        return values;
    }

    void launch(String kernel, int blocks, int threads, Arguments arguments) {
        launch(kernel, blocks, threads, 0, arguments);
    }

    void launch(String kernel, int blocks, int threads, int sharedBytes, Arguments arguments) {
        Kernel.Module module = new Kernel.Module("trial", List.of());
        device.launch(new Kernel(module, kernel, threads, sharedBytes), Device.Grid.of(blocks), arguments);
    }

    @Override
    public void close() {
        device.close();
    }
}
