package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.InputException;
import dev.fovea.error.Warnings;
import dev.fovea.io.Json;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where huggingface_hub looks and what it finds there, as test/python/hub_cache.py recorded it. */
class HubCacheRecordedTest {
    @TempDir
    Path root;

    private static Map<String, Object> recorded() throws URISyntaxException {
        Path file =
                Path.of(HubCacheRecordedTest.class.getResource("hub-cache.json").toURI());
        return Json.parseObject(file);
    }

    @Test
    void roots() throws URISyntaxException {
        for (Object row : Json.array(recorded().get("roots"), "roots")) {
            Map<String, Object> r = Json.object(row, "root");
            Map<String, String> environment = new HashMap<>();
            Json.object(r.get("environment"), "environment").forEach((k, v) -> environment.put(k, (String) v));
            assertThat(new HubEnvironment(environment, "/not/used").cache())
                    .as(environment.toString())
                    .isEqualTo(Path.of((String) r.get("root")));
        }
    }

    static IntStream caches() throws URISyntaxException {
        return IntStream.range(0, Json.array(recorded().get("caches"), "caches").size());
    }

    @ParameterizedTest
    @MethodSource
    void caches(int index) throws IOException, URISyntaxException {
        Map<String, Object> cache =
                Json.object(Json.array(recorded().get("caches"), "caches").get(index), "cache");
        for (Map.Entry<String, Object> file :
                Json.object(cache.get("files"), "files").entrySet()) {
            Path path = root.resolve(file.getKey());
            String content = (String) file.getValue();
            Files.createDirectories(path.getParent());
            if (content.startsWith("->")) {
                Files.createSymbolicLink(path, Path.of(content.substring(2)));
            } else {
                Files.writeString(path, content);
            }
        }
        for (Object asked : Json.array(cache.get("asked"), "asked")) {
            List<?> a = (List<?>) asked;
            Optional<Path> expected = Optional.ofNullable((String) a.get(3))
                    .filter(v -> !v.equals("no"))
                    .map(root::resolve);
            Optional<Path> found = find(a.get(0) + "@" + a.get(1), (String) a.get(2));
            assertThat(found.isPresent()).as(a.toString()).isEqualTo(expected.isPresent());
            if (found.isPresent()) {
                assertThat(Files.isSameFile(found.get(), expected.orElseThrow()))
                        .as(a.toString())
                        .isTrue();
            }
        }
    }

    private Optional<Path> find(String model, String file) {
        try {
            Path directory = Puller.pull(
                    ModelId.of(model),
                    PullOptions.DEFAULT
                            .withEnvironment(Map.of("HF_HUB_OFFLINE", "1"))
                            .withCache(root)
                            .withWeights(false)
                            .withWarnings(Warnings.none()),
                    _ -> {});
            return Optional.of(directory.resolve(file)).filter(Files::isRegularFile);
        } catch (InputException e) {
            return Optional.empty();
        }
    }
}
