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
public final class TestPictures {

    /** Made by src/test/python/expected_images.py. */
    public static final Map<String, Object> EXPECTED = Json.parseObject(path("assets/expected-pixels.json"));

    private TestPictures() {}

    public static Path path(String resource) {
        try {
            return Path.of(ClassLoader.getSystemResource(resource).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(resource, e);
        }
    }

    public static byte[] bytes(String name) {
        try {
            return Files.readAllBytes(path("assets/images/" + name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static DecodedImage decode(String name) {
        return DecodedImage.decode(bytes(name), DecodedImage.MAX_PIXELS);
    }

    public static Map<String, Object> object(Object value) {
        return Json.object(value, "expected-pixels.json");
    }

    public static List<Map<String, Object>> objects(Object value) {
        return Json.array(value, "expected-pixels.json").stream()
                .map(TestPictures::object)
                .toList();
    }

    public static int integer(Object value) {
        return ((Number) value).intValue();
    }

    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    public static Picture noise(int width, int height, Random random) {
        byte[] rgb = new byte[3 * width * height];
        random.nextBytes(rgb);
        return new Picture(width, height, rgb);
    }
}
