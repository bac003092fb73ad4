package dev.fovea.video;

import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A file with decord's count, which has hidden frames in it and the last one shown again for each, and with the container's rate. */
record CountedByDecord(FfmpegFile file) implements VideoFile {
    @Override
    public int count() {
        return file.scan().count() + file.scan().hidden();
    }

    @Override
    public double fps() {
        return file.scan().averageFps() > 0 ? file.scan().averageFps() : file.fps();
    }

    @Override
    public int width() {
        return file.width();
    }

    @Override
    public int height() {
        return file.height();
    }

    @Override
    public VideoFile countedByDecord() {
        return this;
    }

    @Override
    public <T> List<T> map(int[] indices, Function<Picture, T> use) {
        int last = file.count() - 1;
        return file.map(Arrays.stream(indices).map(i -> Math.min(i, last)).toArray(), use);
    }
}
