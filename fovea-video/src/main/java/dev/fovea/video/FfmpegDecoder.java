package dev.fovea.video;

import dev.fovea.media.MediaBytes;
import dev.fovea.media.VideoDecoder;
import dev.fovea.media.VideoFile;

/** Opens video files by FFmpeg. */
public final class FfmpegDecoder implements VideoDecoder {

    @Override
    public VideoFile open(MediaBytes file) {
        Ffmpeg.require();
        return FfmpegFile.open(file);
    }
}
