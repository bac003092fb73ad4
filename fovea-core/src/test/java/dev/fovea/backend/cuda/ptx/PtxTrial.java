package dev.fovea.backend.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
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

    /** The PTX of a source, which must be of the source as it is. */
    private static String text(String name) {
        String ptx = new String(resource(name + ".ptx"), StandardCharsets.UTF_8);
        String origin = "// of %s.cu, sha256 %s\n".formatted(name, sum(resource(name + ".cu")));
        assertThat(ptx).as("made by src/test/python/ptx.py").startsWith(origin);
        return ptx;
    }

    private static byte[] resource(String file) {
        try (InputStream in = PtxTrial.class.getResourceAsStream(file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sum(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
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

    static Arguments pointers(long... addresses) {
        Arguments arguments = new Arguments();
        Arrays.stream(addresses).forEach(arguments::pointer);
        return arguments;
    }

    static float[] filled(int count, IntToDoubleFunction value) {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) value.applyAsDouble(i);
        }
        return x;
    }

    static float[] randoms(int count) {
        Random random = new Random(count);
        return filled(count, i -> random.nextGaussian());
    }

    /** Runs a kernel of ints to ints twice, in both orders of its warps. */
    int[] run(String kernel, int blocks, int threads, int[] x, int count) {
        long from = put(x);
        int[] first = null;
        for (int i = 0; i < 2; i++) {
            long to = put(new int[count]);
            launch(kernel, blocks, threads, pointers(from, to));
            int[] result = ints(to, count);
            assertThat(first == null ? result : first).isEqualTo(result);
            first = result;
        }
        return first;
    }
}
