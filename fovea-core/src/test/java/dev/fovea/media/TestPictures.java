package dev.fovea.media;

import dev.fovea.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The pictures of the test resources, and what the reference makes of them. */
final class TestPictures {

    /** Made by src/test/python/expected_images.py. */
    static final Map<String, Object> EXPECTED = Json.parseObject(path("assets/expected-pixels.json"));

    private TestPictures() {}

    static Path path(String resource) {
        try {
            return Path.of(ClassLoader.getSystemResource(resource).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(resource, e);
        }
    }

    static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(path("assets/images/" + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static DecodedImage decode(String name) {
        return DecodedImage.decode(bytes(name), DecodedImage.MAX_PIXELS);
    }

    static Map<String, Object> object(Object value) {
        return Json.object(value, "expected-pixels.json");
    }

    static List<Map<String, Object>> objects(Object value) {
        return Json.array(value, "expected-pixels.json").stream()
                .map(TestPictures::object)
                .toList();
    }

    static int integer(Object value) {
        return ((Number) value).intValue();
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static Picture noise(int width, int height, Random random) {
        byte[] rgb = new byte[3 * width * height];
        random.nextBytes(rgb);
        return new Picture(width, height, rgb);
    }
}
