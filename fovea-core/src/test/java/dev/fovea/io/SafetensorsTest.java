package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @TempDir
    Path temp;

    /** Values read from the file with Python's struct module. */
    @Test
    void readsFloat32OfTheKit() {
        try (Safetensors file = Safetensors.open(Kit.checkpoint("base").resolve("model.safetensors"))) {
            assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(file.entries()).hasSize(104);
            WeightFile.Entry entry = file.entries().get("model.layers.0.mlp.down_proj.weight");
            assertThat(entry.type()).isEqualTo(StoredType.F32);
            assertThat(entry.shape()).isEqualTo(Shape.of(64, 128));
            MemorySegment segment = file.segment("model.layers.0.mlp.down_proj.weight");
            assertThat(segment.byteSize()).isEqualTo(64 * 128 * 4);
            assertThat(segment.isReadOnly()).isTrue();
            assertThat(segment.get(FLOAT, 0)).isEqualTo(-0.020521607249975204f);
            assertThat(segment.get(FLOAT, 12)).isEqualTo(0.14232100546360016f);
            assertThat(file.segment("model.embed_tokens.weight").get(FLOAT, 0)).isEqualTo(0.09080173075199127f);
        }
    }

    @Test
    void readsBfloat16OfTheKit() {
        try (Safetensors file = Safetensors.open(Kit.checkpoint("hub").resolve("model-00001-of-00002.safetensors"))) {
            assertThat(file.entries().get("visual.blocks.0.attn.proj.weight").type())
                    .isEqualTo(StoredType.BF16);
            short bits = file.segment("visual.blocks.0.attn.proj.weight").get(SHORT, 4);
            assertThat(Float.intBitsToFloat(bits << 16)).isEqualTo(0.3671875f);
        }
    }

    @Test
    void everyEntryEqualsTheBytesThatTheHeaderNames() throws IOException {
        Path path = Kit.checkpoint("saved").resolve("model.safetensors");
        byte[] all = Files.readAllBytes(path);
        int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        try (Safetensors file = Safetensors.open(path)) {
            long total = 0;
            for (WeightFile.Entry entry : file.entries().values()) {
                MemorySegment expected = MemorySegment.ofArray(all).asSlice(8 + length + entry.begin(), entry.bytes());
                assertThat(file.segment(entry.name()).mismatch(expected))
                        .as(entry.name())
                        .isEqualTo(-1);
                total += entry.bytes();
            }
            assertThat(total).isEqualTo(all.length - 8 - length);
        }
    }

    @Test
    void readsWhatItWrote() {
        Map<String, Safetensors.Floats> tensors = new LinkedHashMap<>();
        float[] large = new float[40_000]; // more than one buffer
        Random random = new Random(7);
        for (int i = 0; i < large.length; i++) {
            large[i] = random.nextFloat();
        }
        tensors.put("vision.layers.0", new Safetensors.Floats(Shape.of(1, 200, 200), large));
        tensors.put("a \"quoted\" näme", new Safetensors.Floats(Shape.of(3), new float[] {1, Float.NaN, -0f}));
        tensors.put("scalar", new Safetensors.Floats(Shape.of(), new float[] {42}));
        tensors.put("empty", new Safetensors.Floats(Shape.of(0, 5), new float[0]));
        Path path = temp.resolve("written.safetensors");
        Safetensors.write(path, tensors, Map.of("format", "pt"));
        try (Safetensors file = Safetensors.open(path)) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.entries().keySet()).containsExactlyElementsOf(tensors.keySet());
            tensors.forEach((name, values) -> {
                assertThat(file.entries().get(name).shape()).isEqualTo(values.shape());
                assertThat(file.segment(name).toArray(FLOAT)).isEqualTo(values.values());
            });
        }
    }

    @Test
    void writesAHeaderOfWholeWords() throws IOException {
        Path path = temp.resolve("aligned.safetensors");
        Safetensors.write(path, Map.of("x", new Safetensors.Floats(Shape.of(1), new float[] {1})), Map.of());
        byte[] all = Files.readAllBytes(path);
        assertThat(ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8)
                .isZero();
        assertThat(new String(all, 8, all.length - 12, StandardCharsets.UTF_8))
                .startsWith("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}");
    }

    @Test
    void refusesToWriteWhereThereIsNoDirectory() {
        assertThatThrownBy(() -> Safetensors.write(temp.resolve("none/x.safetensors"), Map.of(), Map.of()))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("cannot write " + temp.resolve("none/x.safetensors"));
    }

    @Test
    void readsTensorsAtOddAddresses() throws IOException {
        Path path = temp.resolve("odd.safetensors");
        byte[] data = new byte[5];
        ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).putFloat(1, 1.5f);
        Files.write(
                path,
                Headers.file(
                        "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                + "\"f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[1,5]}}",
                        data));
        try (Safetensors file = Safetensors.open(path)) {
            assertThat(file.segment("f").get(FLOAT, 0)).isEqualTo(1.5f);
        }
    }

    @Test
    void acceptsTypesThatItCannotComputeWith() throws IOException {
        Path path = temp.resolve("eight.safetensors");
        Files.write(
                path,
                Headers.file(
                        "{\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]},"
                                + "\"h\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[3,4]}}",
                        new byte[4]));
        try (Safetensors file = Safetensors.open(path)) {
            assertThat(file.entries().get("q").type().dtype()).isEmpty();
            assertThat(file.segment("h").byteSize()).isEqualTo(1);
        }
    }

    @Test
    @Timeout(10)
    void mapsEightGigabytesAsOneSegment() throws IOException {
        Path path = temp.resolve("sparse.safetensors");
        long bytes = 8L << 30;
        byte[] header = Headers.file(
                "{\"big\":{\"dtype\":\"F32\",\"shape\":[2048,1048576],\"data_offsets\":[0," + bytes + "]}}",
                new byte[0]);
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(header));
            ByteBuffer last = ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(2.5f)
                    .flip();
            channel.write(last, header.length + bytes - 4);
        }
        long start = System.nanoTime();
        try (Safetensors file = Safetensors.open(path)) {
            MemorySegment big = file.segment("big");
            Duration taken = Duration.ofNanos(System.nanoTime() - start);
            assertThat(big.byteSize()).isEqualTo(bytes);
            assertThat(big.get(FLOAT, bytes - 4)).isEqualTo(2.5f);
            assertThat(taken).isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    void closingInvalidatesTheSegments() throws IOException {
        Path path = temp.resolve("closed.safetensors");
        Safetensors.write(path, Map.of("x", new Safetensors.Floats(Shape.of(2), new float[] {1, 2})), Map.of());
        Safetensors file = Safetensors.open(path);
        MemorySegment segment = file.segment("x");
        file.close();
        file.close();
        assertThatThrownBy(() -> segment.get(FLOAT, 0)).isInstanceOf(IllegalStateException.class);
        Files.delete(path);
    }

    @Test
    void namesTheTensorThatIsNotThere() {
        try (Safetensors file = Safetensors.open(Kit.checkpoint("base").resolve("model.safetensors"))) {
            assertThatThrownBy(() -> file.segment("lm_head.weight"))
                    .isInstanceOf(InputException.class)
                    .hasMessageEndingWith("model.safetensors has no tensor lm_head.weight");
        }
    }
}
