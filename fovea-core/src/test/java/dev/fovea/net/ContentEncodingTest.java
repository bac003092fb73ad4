package dev.fovea.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fovea.error.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class ContentEncodingTest {
    private static final URI FROM = URI.create("https://hub.example/config.json");

    private static byte[] decoded(byte[] body) throws IOException {
        try (InputStream in = ContentEncoding.decoded(FROM, Optional.of("gzip"), new ByteArrayInputStream(body))) {
            return in.readAllBytes();
        }
    }

    private static String reason(byte[] body) {
        return Reason.of(catchThrowable(() -> decoded(body)));
    }

    /** At its head, in its midst and in its sum; and where it ends before that. */
    @Test
    void saysThatCompressedDataAreDamaged() throws IOException {
        byte[] plain = new byte[100_000];
        new Random(1).nextBytes(plain);
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        byte[] whole = out.toByteArray();
        assertThat(decoded(whole)).isEqualTo(plain);
        for (int place : new int[] {0, 10, whole.length - 8}) {
            byte[] damaged = whole.clone();
            damaged[place] ^= 0x76;
            assertThat(reason(damaged)).as("byte %d", place).isEqualTo("its compressed data are damaged");
        }
        assertThat(reason(Arrays.copyOf(whole, whole.length / 2))).isEqualTo("it ends too early");
    }
}
