package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.Hub;
import dev.fovea.LoadOptions;
import dev.fovea.ModelInfo;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model is, by the headers of weights that are not fetched. */
class OutlineTest {
    private static final String NAME = "org/model";
    private static final String FILE = "model.safetensors";

    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private HubServer server;

    @BeforeEach
    void start() throws IOException {
        server = new HubServer();
        environment.put("HF_ENDPOINT", server.address());
        environment.put("HF_HOME", home.toString());
        environment.put("MODELSCOPE_ENDPOINT", server.address());
        environment.put("MODELSCOPE_CACHE", home.resolve("ms").toString());
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                ranges.add(exchange.getRequestMethod() + " "
                        + exchange.getRequestHeaders().getFirst("Range"));
            }
            return false;
        });
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Path publish(String checkpoint) throws IOException {
        Path directory = Path.of("src/test/resources/oracle", checkpoint, "checkpoint");
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                server.repo(NAME).file(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return directory;
    }

    private PullOptions options() {
        return PullOptions.DEFAULT
                .withEnvironment(environment)
                .withWarnings(Warnings.none())
                .withFirstWait(Duration.ofMillis(5));
    }

    private static ModelInfo info(String model, PullOptions options) {
        return ModelInfo.of(model, LoadOptions.DEFAULT.withWarnings(Warnings.none()), options);
    }

    private static List<Object> figures(ModelInfo info) {
        return List.of(
                info.parametersByComponent(),
                info.bytesByType(),
                info.weightBytes(),
                info.convertedBytes(),
                info.cacheBytes(100),
                info.activationBytes(100),
                info.decodeBytesPerToken(),
                info.dtype(),
                info.imageTokens(64, 64),
                info.ignoredConfig(),
                info.ignoredWeights());
    }

    @ParameterizedTest
    @ValueSource(strings = {NAME, "modelscope:" + NAME})
    void saysWhatTheFilesSay(String model) throws IOException {
        for (String checkpoint : new String[] {"blip2/opt-sharded", "qwen2_5_vl/base"}) {
            server.repo(NAME).files.clear();
            List<Object> expected = figures(info(publish(checkpoint).toString(), options()));
            ranges.clear();
            ModelInfo info = info(model, options());
            assertThat(figures(info)).isEqualTo(expected);
            assertThat(ranges).isNotEmpty().allMatch("GET bytes=0-99999"::equals);
            assertThat(info.directory()).isDirectoryNotContaining("glob:**/*.safetensors");
            Hub.remove(model, options());
        }
    }

    @Test
    void whatIsWholeIsReadFromItsFiles() throws IOException {
        publish("qwen2_5_vl/base");
        Path directory = Hub.pull(NAME, options());
        ranges.clear();
        assertThat(info(NAME, options()).directory()).isEqualTo(directory);
        assertThat(ranges).isEmpty();
    }

    @Test
    void offlineAPartIsRefused() throws IOException {
        publish("qwen2_5_vl/base");
        info(NAME, options());
        environment.put("HF_HUB_OFFLINE", "1");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> info(NAME, options()))
                .withMessageContaining(FILE + " is missing");
    }

    /** Its shapes are all over the file. */
    @Test
    void aFileOfPytorchIsFetched() throws IOException {
        List<Object> expected = figures(info(publish("florence2/microsoft-bin").toString(), options()));
        ModelInfo info = info(NAME, options());
        assertThat(figures(info)).isEqualTo(expected);
        assertThat(info.directory()).isDirectoryContaining("glob:**/pytorch_model.bin");
    }

    /** A file with spaces behind its header, as writers align it, more than are asked for at first. */
    private byte[] withLongHeader() {
        byte[] file = server.repo(NAME).files.get(FILE);
        int end = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] padded = new byte[file.length + 300_000];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(file, 0, padded, 0, end);
        System.arraycopy(file, end, padded, end + 300_000, file.length - end);
        ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN).putLong(end - 8 + 300_000L);
        server.repo(NAME).file(FILE, padded);
        return Arrays.copyOf(padded, end + 300_000);
    }

    @Test
    void asksForTheRestOfALongHeader() throws IOException {
        List<Object> expected = figures(info(publish("qwen2_5_vl/base").toString(), options()));
        int end = withLongHeader().length;
        assertThat(figures(info(NAME, options()))).isEqualTo(expected);
        assertThat(ranges).containsExactly("GET bytes=0-99999", "GET bytes=0-" + (end - 1));
    }

    /** It sends no more than the header, and then keeps the connection. */
    @Test
    void aServerWithoutRangesIsReadNoFurther() throws IOException {
        List<Object> expected = figures(info(publish("qwen2_5_vl/base").toString(), options()));
        byte[] header = withLongHeader();
        CountDownLatch over = new CountDownLatch(1);
        server.faults.add((exchange, ofStore) -> {
            if (!ofStore) {
                return false;
            }
            exchange.sendResponseHeaders(200, server.repo(NAME).files.get(FILE).length);
            OutputStream out = exchange.getResponseBody();
            out.write(header);
            out.flush();
            await(over);
            return true;
        });
        try {
            assertThat(figures(info(NAME, options()))).isEqualTo(expected);
        } finally {
            over.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void saysWhatIsWrongWithAHeader() throws IOException {
        publish("qwen2_5_vl/base");
        byte[] file = server.repo(NAME).files.get(FILE);
        says("truncated", Arrays.copyOf(file, file.length - 1));
        says("it is not a safetensors file", ByteBuffer.allocate(64).putLong(-1).array());
        says("has 3 bytes", new byte[3]);
        says("has 0 bytes", new byte[0]);
        says("git-lfs pointer", "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8));
        server.repo(NAME).file(FILE, file);
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                exchange.sendResponseHeaders(403, -1);
            }
            return ofStore;
        });
        assertThatExceptionOfType(NetworkException.class).isThrownBy(() -> info(NAME, options()));
    }

    private void says(String what, byte[] weights) {
        server.repo(NAME).file(FILE, weights);
        assertThatExceptionOfType(FoveaException.class)
                .isThrownBy(() -> info(NAME, options()))
                .withMessageContaining(what);
    }
}
