package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.app.Main;
import dev.fovea.io.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs command lines on a model of the parity kit. */
final class Shell {
    static final Path KIT = Path.of("../fovea-core/src/test/resources/oracle/qwen2_5_vl/base")
            .toAbsolutePath()
            .normalize();
    static final String MODEL = KIT.resolve("checkpoint").toString();
    static final String PICTURE = KIT.resolve("media/odd.png").toString();

    private Shell() {}

    /** What a command left behind. */
    record Result(int status, String out, String err) {
        /** stdout, which holds one JSON object. */
        Map<String, @Nullable Object> json() {
            assertThat(out).as("stdout; stderr was " + err).endsWith("\n").containsOnlyOnce("\n");
            return Json.object(Json.parse(out, "stdout"), "stdout");
        }

        Result succeeds() {
            assertThat(status).as("exit status; stderr was " + err).isZero();
            return this;
        }

        /** Fails with a status and one line on stderr, and nothing on stdout. */
        Result failsWith(int expected, String... parts) {
            assertThat(err).startsWith("fovea: ").endsWith("\n").containsOnlyOnce("\n");
            List.of(parts).forEach(part -> assertThat(err).contains(part));
            assertThat(status).as(err).isEqualTo(expected);
            assertThat(out).isEmpty();
            return this;
        }
    }

    static Result fovea(String... args) {
        return fovea(InputStream.nullInputStream(), args);
    }

    static Result fovea(byte[] input, String... args) {
        return fovea(new ByteArrayInputStream(input), args);
    }

    private static Result fovea(InputStream input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(args, input, out, err);
        return new Result(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A case of the kit by its name. */
    static Map<String, @Nullable Object> kitCase(String name) {
        return Json.array(Json.parse(KIT.resolve("cases.json")), "cases").stream()
                .map(c -> Json.object(c, "a case"))
                .filter(c -> name.equals(c.get("name")))
                .findFirst()
                .orElseThrow();
    }

    /** A value of a case that is given for each row of a batch, where there is one row. */
    static Object only(Map<String, @Nullable Object> kitCase, String key) {
        Object value = kitCase.get(key);
        Object row = value instanceof List<?> rows ? rows.getFirst() : value;
        assertThat(row).isNotNull();
        return row;
    }
}
