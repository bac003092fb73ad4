package dev.fovea.media;

import java.util.ServiceLoader;

/**
 * Opens video files. The module fovea-video has one, by FFmpeg; {@link ServiceLoader} finds it. Implementations are used by many
 * threads at once.
 */
public interface VideoDecoder {

    /**
     * Reads what a file says about its clip, and decodes nothing yet.
     *
     * @throws dev.fovea.error.InputException where it is no video file, or has no frames
     * @throws dev.fovea.error.NativeException where the libraries that read it are not there
     */
    VideoFile open(MediaBytes file);
}
