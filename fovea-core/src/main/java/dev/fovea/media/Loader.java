package dev.fovea.media;

import dev.fovea.error.OptionException;
import java.util.Locale;
import java.util.Objects;

/** The front ends that the reference has side by side for opening a picture or a frame. They differ in EXIF and transparency. */
public enum Loader {
    /** {@code transformers.image_utils.load_image}: turned as EXIF says, alpha dropped. */
    LOAD_IMAGE,
    /** {@code PIL.Image.open}, nothing else: not turned, and the processor does the conversion to RGB. */
    PIL,
    /** {@code qwen_vl_utils.fetch_image}: not turned, mode RGBA pasted on white, everything else as LOAD_IMAGE. */
    QWEN_VL_UTILS,
    /**
     * {@code transformers.image_utils.load_image_as_tensor}, which takes paths of conversations in transformers 5.23: see
     * {@link ImageSource#decodeByTorchvision}.
     */
    TORCHVISION;

    /** By its name in a request: {@code load_image}, {@code pil}, {@code qwen_vl_utils}, {@code torchvision}. */
    public static Loader of(String label) {
        Objects.requireNonNull(label, "label");
        for (Loader loader : values()) {
            if (loader.label().equals(label)) {
                return loader;
            }
        }
        throw new OptionException(
                "loader is \"" + label + "\"; expected load_image, pil, qwen_vl_utils or torchvision");
    }

    /** Its name in a request. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
