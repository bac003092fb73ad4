package dev.fovea.media;

/** Bounds to a byte, as {@code clip8} of Pillow. */
public final class Clip8 {

    private Clip8() {}

    /** The nearest of 0 to 255. Not by Math.clamp, which counts in long. */
    public static byte of(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }
}
