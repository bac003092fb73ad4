package dev.fovea.models.gemma3;

import dev.fovea.io.Config;
import dev.fovea.media.Picture;
import dev.fovea.models.Pixels;

/** Opens the package's processor to tests of all processors. */
public final class Gemma3Pixels {
    private Gemma3Pixels() {}

    public static Pixels of(Config config, Picture picture) {
        return Gemma3ImageProcessor.of(config, 1).process(picture).pixelValues();
    }
}
