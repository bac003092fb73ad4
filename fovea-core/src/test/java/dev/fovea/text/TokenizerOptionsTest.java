package dev.fovea.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The options of tokenizer_config.json, and older files beside it, against what transformers makes of them: see tokenizer_options.py. */
class TokenizerOptionsTest {
    @TempDir
    Path directory;

    @TestFactory
    Stream<DynamicTest> actAsInTransformers() {
        return Json.array(Json.parse(Resources.path("golden/tokenizer-options.json")), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .map(c -> DynamicTest.dynamicTest(c.get("checkpoint") + " " + c.get("changes"), () -> check(c)));
    }

    private void check(Map<String, @Nullable Object> expected) throws IOException {
        Path folder = Files.createTempDirectory(directory, "tokenizer");
        try (Stream<Path> files = Files.list(Resources.path("oracle/" + expected.get("checkpoint") + "/checkpoint"))) {
            for (Path file :
                    files.filter(f -> f.toString().matches(".*\\.(json|txt)")).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        for (Map.Entry<String, @Nullable Object> change :
                Json.object(expected.get("changes"), "changes").entrySet()) {
            change(folder.resolve(change.getKey()), Json.object(change.getValue(), "keys"));
        }
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.padToken()).hasValue(String.valueOf(expected.get("pad")));
            for (Object row : Json.array(expected.get("rows"), "rows")) {
                check(tokenizer, Json.object(row, "a row"));
            }
        }
    }

    private static void change(Path file, Map<String, @Nullable Object> keys) throws IOException {
        Map<String, @Nullable Object> values =
                new LinkedHashMap<>(Files.exists(file) ? Json.parseObject(file) : Map.of());
        keys.forEach((key, value) -> {
            if (value == null) {
                values.remove(key);
            } else {
                values.put(key, value);
            }
        });
        Files.writeString(file, Json.write(values));
    }

    private static void check(Tokenizer tokenizer, Map<String, @Nullable Object> row) {
        String text = String.valueOf(row.get("text"));
        int[] ids = ints(row.get("ids"));
        assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids);
        assertThat(tokenizer.encodeWithoutAddedTokens(text)).as(text).isEqualTo(ints(row.get("plain")));
        assertThat(tokenizer.decode(ids, false)).isEqualTo(row.get("decoded"));
        assertThat(tokenizer.decode(ids, true)).isEqualTo(row.get("skipped"));
        StringBuilder streamed = new StringBuilder();
        StreamingDetokenizer stream = tokenizer.stream(true);
        for (int id : ids) {
            streamed.append(stream.add(id));
        }
        assertThat(streamed.append(stream.flush())).asString().isEqualTo(row.get("skipped"));
    }

    private static int[] ints(@Nullable Object list) {
        List<@Nullable Object> ids = Json.array(list, "ids");
        return ids.stream().mapToInt(id -> ((Long) id).intValue()).toArray();
    }
}
