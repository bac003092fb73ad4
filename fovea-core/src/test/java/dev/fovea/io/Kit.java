package dev.fovea.io;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** The tiny Qwen2.5-VL checkpoints among the test resources. */
final class Kit {
    private Kit() {}

    static Path checkpoint(String variant) {
        URL url =
                Objects.requireNonNull(Kit.class.getResource("/oracle/qwen2_5_vl/" + variant + "/checkpoint"), variant);
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
