package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jars that modelscope_hub 0.4.6 wrote: {@code modelscope_login.py} beside the tests. */
class ModelScopeLoginTest {
    private static final Instant NOW = Instant.ofEpochSecond(2_000_000_000);

    static byte[] jar(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                ModelScopeLoginTest.class.getResourceAsStream("/golden/modelscope-logins.json"))) {
            String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Object jar = Json.object(Json.parse(json, "logins"), "logins").get(name);
            return Base64.getDecoder().decode(String.valueOf(jar));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "valid, modelscope.cn, ms-0123456789abcdef",
        "valid, www.modelscope.cn, ms-0123456789abcdef",
        "valid, notmodelscope.cn,",
        "valid, modelscope.cn.example.org,",
        "valid, 127.0.0.1,",
        "expired, modelscope.cn,",
        "several, modelscope.cn, ms-among-others",
        "several, example.org, ms-of-another-host",
        "several, example.com,",
        "nobody, modelscope.cn,",
        "protocol 2, modelscope.cn, ms-0123456789abcdef",
        "protocol 3, modelscope.cn, ms-0123456789abcdef",
        "protocol 4, modelscope.cn, ms-0123456789abcdef",
        "protocol 5, modelscope.cn, ms-0123456789abcdef"
    })
    void isOfItsHostAndTime(String name, String host, String token) throws IOException {
        assertThat(ModelScopeLogin.token(jar(name), host, NOW).orElse(null)).isEqualTo(token);
    }

    /** Cut or changed anywhere: a text or nothing, and no exception. */
    @Test
    void damagedJarsAreNoLogin() throws IOException {
        byte[] jar = jar("valid");
        for (int end = 0; end < jar.length; end++) {
            assertThat(ModelScopeLogin.token(Arrays.copyOf(jar, end), "modelscope.cn", NOW))
                    .isEmpty();
        }
        Random random = new Random(15);
        for (int i = 0; i < 5_000; i++) {
            byte[] changed = jar.clone();
            changed[random.nextInt(jar.length)] = (byte) random.nextInt(256);
            assertThat(ModelScopeLogin.token(changed, "modelscope.cn", NOW)).isNotNull();
        }
    }
}
