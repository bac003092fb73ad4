package dev.fovea.media;

/**
 * Decodes AV1, which AVIF pictures consist of. The module fovea-video has one, by FFmpeg; {@link java.util.ServiceLoader} finds it.
 * Implementations are used by many threads at once.
 */
public interface Av1Decoder {

    /**
     * The first frame.
     *
     * @param units open bitstream units, the sequence header first
     * @throws dev.fovea.error.InputException where they are damaged
     * @throws dev.fovea.error.NativeException where the library that decodes them is not there
     */
    YuvPicture decode(byte[] units);
}
