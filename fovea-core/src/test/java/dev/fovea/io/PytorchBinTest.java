package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save against what torch.load reads from them; see make.py among the resources. */
class PytorchBinTest {
    private static final Map<String, @Nullable Object> HASHES = Json.parseObject(file("hashes.json"));

    @TempDir
    Path temp;

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(PytorchBinTest.class.getResource(name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path file(String name) {
        return resource("/dev/fovea/io/pytorch/" + name);
    }

    private static Path kit() {
        return resource("/oracle/florence2/microsoft-bin/checkpoint/pytorch_model.bin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"kinds.bin", "module.bin", "kit"})
    void readsWhatTorchReads(String name) {
        List<String> read = new ArrayList<>();
        try (PytorchBin bin = PytorchBin.open(name.equals("kit") ? kit() : file(name))) {
            bin.entries()
                    .forEach((tensor, entry) -> read.add(tensor + " "
                            + List.of(torchName(entry.type()), entry.shape().toString(), hash(bin.segment(tensor)))));
        }
        List<String> expected = new ArrayList<>();
        Json.object(HASHES.get(name), name).forEach((tensor, v) -> expected.add(tensor + " " + Json.array(v, tensor)));
        assertThat(read).isNotEmpty().containsExactlyElementsOf(expected);
    }

    private static String torchName(StoredType type) {
        return type.dtype().orElseThrow().torchName().toLowerCase(Locale.ROOT);
    }

    private static String hash(MemorySegment bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.toArray(ValueLayout.JAVA_BYTE));
            return HexFormat.of().formatHex(digest).substring(0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void tensorsLieWhereTheyAreInTheFileAndTiedOnesOnTheSameBytes() throws IOException {
        byte[] all = Files.readAllBytes(kit());
        try (PytorchBin bin = PytorchBin.open(kit())) {
            WeightFile.Entry shared = bin.entries().get("language_model.model.shared.weight");
            WeightFile.Entry head = bin.entries().get("language_model.lm_head.weight");
            assertThat(List.of(head.begin(), head.end())).isEqualTo(List.of(shared.begin(), shared.end()));
            MemorySegment bytes = bin.segment("language_model.lm_head.weight");
            assertThat(bytes.isMapped()).isTrue();
            assertThat(bytes.toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(Arrays.copyOfRange(all, (int) head.begin(), (int) head.end()));
        }
    }

    @Test
    void tiedTensorsCountOnce() {
        WeightSummary summary = WeightSummary.of(ModelDirectory.open(kit().getParent()));
        long names = Json.object(HASHES.get("kit"), "kit").values().stream()
                .mapToLong(v -> size(Json.array(Json.array(v, "entry").get(1), "shape")))
                .sum();
        long shared = size(Json.array(
                Json.array(Json.object(HASHES.get("kit"), "kit").get("language_model.model.shared.weight"), "entry")
                        .get(1),
                "shape"));
        assertThat(summary.bytesByType()).containsExactly(Map.entry(StoredType.F16, 2 * (names - 3 * shared)));
    }

    private static long size(List<@Nullable Object> shape) {
        return shape.stream().mapToLong(d -> (Long) Objects.requireNonNull(d)).reduce(1, Math::multiplyExact);
    }

    @Test
    void onlyTensorsThatDoNotLieDenselyAreCopied() {
        try (PytorchBin bin = PytorchBin.open(file("kinds.bin"))) {
            assertThat(bin.entries().keySet().stream()
                            .filter(n -> !bin.segment(n).isMapped() && !n.equals("empty")))
                    .containsExactly("transposed", "columns", "every_second");
            assertThat(bin.segment("transposed").address())
                    .isEqualTo(bin.segment("transposed").address());
            assertThat(bin.segment("transposed").isReadOnly()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "legacy.bin | has the format that PyTorch wrote before version 1.6, which is not read",
                "script.bin | is a TorchScript program; expected a state dict",
                "whole-module.bin | : its pickle names \"torch.nn.modules.container.Sequential\", which no state dict needs",
                "sparse.bin | : its pickle names \"torch._utils._rebuild_sparse_tensor\", which no state dict needs",
                "float8.bin | : its pickle names \"torch._utils._rebuild_tensor_v3\", which no state dict needs",
                "training.bin | : its pickle has the number 3 under \"epoch\"; expected tensors only: it is not a state dict",
                "expanded.bin | : tensor \"x\" repeats elements: its shape \"[3, 2]\" has more than its storage, 2"
            })
    void otherThingsThatTorchSavesAreNamed(String name, String message) {
        assertThatThrownBy(() -> PytorchBin.open(file(name)))
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(file(name) + (message.startsWith(":") ? "" : " "))
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(((InputException) e).hint()).isNotEmpty());
    }

    @Test
    void readsZip64BeyondFourGigabytes() throws IOException {
        long elements = (1L << 30) + 7; // of 4 bytes each
        Path path = temp.resolve("pytorch_model.bin");
        byte[] pickle = PickleBytes.begin()
                .raw('}', '(')
                .text("big")
                .tensor("FloatStorage", "0", elements, 0, new long[] {elements}, new long[] {1})
                .text("behind")
                .tensor("IntStorage", "1", 1, 0, new long[] {1}, new long[] {1})
                .raw('u', '.')
                .bytes();
        writeSparse(path, pickle, elements * 4);
        try (PytorchBin bin = PytorchBin.open(path)) {
            MemorySegment big = bin.segment("big");
            assertThat(big.byteSize()).isEqualTo(elements * 4);
            assertThat(big.get(ValueLayout.JAVA_INT_UNALIGNED, big.byteSize() - 4))
                    .isEqualTo(0x01020304);
            assertThat(bin.segment("behind").get(ValueLayout.JAVA_INT_UNALIGNED, 0))
                    .isEqualTo(0x05060708);
        }
    }

    /** An archive whose storage 0 is a hole of that many bytes with a number at its end; the numbers behind it need zip64. */
    private static void writeSparse(Path path, byte[] pickle, long bytes) throws IOException {
        byte[] front = new ZipBytes().add("x/data.pkl", pickle).bytes();
        int frontBytes = 30 + "x/data.pkl".length() + pickle.length;
        String[] names = {"x/data.pkl", "x/data/0", "x/data/1"};
        long[] sizes = {pickle.length, bytes, 4};
        long[] headers = {0, frontBytes, frontBytes + 30 + 8 + bytes};
        try (FileChannel out = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            out.write(ByteBuffer.wrap(front, 0, frontBytes));
            out.write(local(names[1]), headers[1]);
            out.write(little(4).putInt(0x01020304).flip(), headers[2] - 4);
            out.write(local(names[2]), headers[2]);
            long directory = headers[2] + 30 + 8;
            out.write(little(4).putInt(0x05060708).flip(), directory);
            directory += 4;
            ByteBuffer tail = little(1000);
            for (int i = 0; i < 3; i++) {
                putCentral(tail, names[i], sizes[i], headers[i]);
            }
            long record = directory + tail.position();
            tail.putInt(0x06064b50)
                    .position(tail.position() + 20)
                    .putLong(3)
                    .putLong(3)
                    .putLong(record - directory)
                    .putLong(directory);
            tail.putInt(0x07064b50).putInt(0).putLong(record).putInt(1);
            tail.putInt(0x06054b50)
                    .putInt(0)
                    .putShort((short) 3)
                    .putShort((short) 3)
                    .putInt(-1)
                    .putInt(-1)
                    .putShort((short) 0);
            out.write(tail.flip(), directory);
        }
    }

    private static ByteBuffer local(String name) {
        ByteBuffer b =
                little(30 + name.length()).putInt(0x04034b50).position(26).putShort((short) name.length());
        return b.position(30)
                .put(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                .flip();
    }

    private static void putCentral(ByteBuffer out, String name, long size, long header) {
        int start = out.position();
        out.putInt(0x02014b50).position(start + 20).putInt(-1).putInt(-1);
        out.putShort((short) name.length())
                .putShort((short) (6 + 4 + 24))
                .position(start + 42)
                .putInt(-1);
        out.put(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        out.putShort((short) 0x4246).putShort((short) 2).putShort((short) 0); // another field in front
        out.putShort((short) 1).putShort((short) 24).putLong(size).putLong(size).putLong(header);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void readsZip64NumbersOfSmallFiles() throws IOException {
        byte[] pickle = PickleBytes.oneTensor(2, 0, new long[] {2}, new long[] {1});
        Path path = Files.write(
                temp.resolve("x.bin"),
                ZipBytes.torch(pickle, new byte[8])
                        .zip64()
                        .comment("PK\5\6 in a comment, which is no end")
                        .bytes());
        try (PytorchBin bin = PytorchBin.open(path)) {
            assertThat(bin.segment("x").byteSize()).isEqualTo(8);
        }
    }

    @Test
    void closesOnce() {
        PytorchBin bin = PytorchBin.open(file("module.bin"));
        MemorySegment weight = bin.segment("0.weight");
        bin.close();
        bin.close();
        assertThatThrownBy(() -> weight.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void namesMissingTensorsAndFiles() {
        try (PytorchBin bin = PytorchBin.open(file("module.bin"))) {
            assertThatThrownBy(() -> bin.segment("y"))
                    .isInstanceOf(InputException.class)
                    .hasMessage(file("module.bin") + " has no tensor y");
        }
        assertThatThrownBy(() -> PytorchBin.open(temp.resolve("none.bin")))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot read " + temp.resolve("none.bin") + ": there is no such file");
        assertThatThrownBy(() -> PytorchBin.open(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("cannot read " + temp);
    }

    // ------------------------------------------------------------------------------------------- in a directory

    private void copy(Path from, String to) {
        try {
            Files.copy(from, temp.resolve(to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> tensors() throws IOException {
        Files.writeString(temp.resolve("config.json"), "{}");
        List<WeightFile> files = ModelDirectory.open(temp).openWeights();
        List<String> names =
                files.stream().flatMap(f -> f.entries().keySet().stream()).toList();
        files.forEach(WeightFile::close);
        return names;
    }

    @Test
    void opensShardsByTheirIndex() throws IOException {
        copy(file("module.bin"), "pytorch_model-00001-of-00002.bin");
        Files.write(
                temp.resolve("pytorch_model-00002-of-00002.bin"),
                ZipBytes.torch(PickleBytes.oneTensor(1, 0, new long[] {1}, new long[] {1}), new byte[4])
                        .bytes());
        Files.writeString(temp.resolve("pytorch_model.bin.index.json"), """
                {"metadata": {"total_size": 1}, "weight_map": {"x": "pytorch_model-00002-of-00002.bin",
                 "0.weight": "pytorch_model-00001-of-00002.bin", "0.bias": "pytorch_model-00001-of-00002.bin",
                 "1.weight": "pytorch_model-00001-of-00002.bin", "1.bias": "pytorch_model-00001-of-00002.bin",
                 "1.running_mean": "pytorch_model-00001-of-00002.bin", "1.running_var": "pytorch_model-00001-of-00002.bin",
                 "1.num_batches_tracked": "pytorch_model-00001-of-00002.bin"}}""");
        assertThat(tensors()).hasSize(8).contains("x", "0.weight");
    }

    @Test
    void shardsOfAnIndexAreOfItsFormat() throws IOException {
        Files.writeString(
                temp.resolve("pytorch_model.bin.index.json"), "{\"weight_map\": {\"x\": \"model.safetensors\"}}");
        assertThatThrownBy(this::tensors)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("puts \"x\" into \"model.safetensors\"; expected the name of a .bin file");
    }

    @Test
    void safetensorsComeFirst() throws IOException {
        copy(file("module.bin"), "pytorch_model.bin");
        assertThat(tensors()).contains("0.weight");
        Safetensors.write(
                temp.resolve("model.safetensors"),
                Map.of("safe", new Safetensors.Floats(dev.fovea.tensor.Shape.of(1), new float[1])),
                Map.of());
        assertThat(tensors()).containsExactly("safe");
    }
}
