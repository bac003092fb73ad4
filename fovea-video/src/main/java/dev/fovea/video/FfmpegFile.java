package dev.fovea.video;

import dev.fovea.error.InputException;
import dev.fovea.media.MediaBytes;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A video file of which the packets have been counted. Each reading opens it anew and decodes from its start. */
record FfmpegFile(MediaBytes file, Scan scan, int width, int height, int quarterTurns) implements VideoFile {

    /** @throws InputException where it is no video file, or has no frames */
    static FfmpegFile open(MediaBytes file) {
        try (Container container = new Container(file)) {
            int width = container.width();
            int height = container.height();
            if (width < 1 || height < 1) {
                throw container.refused("its frames have no size", "fetch or save it again");
            }
            int turns = container.quarterTurns();
            Scan scan = Scan.of(container);
            if (scan.count() == 0) {
                throw container.refused("it has no frames", "expected at least one");
            }
            return turns % 2 == 0
                    ? new FfmpegFile(file, scan, width, height, turns)
                    : new FfmpegFile(file, scan, height, width, turns);
        }
    }

    @Override
    public int count() {
        return scan.count();
    }

    @Override
    public double fps() {
        return scan.fps();
    }

    @Override
    public VideoFile countedByDecord() {
        return new CountedByDecord(this);
    }

    @Override
    public <T> List<T> map(int[] indices, Function<Picture, T> use) {
        int[] wanted = Arrays.stream(indices).sorted().distinct().toArray();
        List<T> made = new ArrayList<>(wanted.length);
        try (Container container = new Container(file);
                Decoder decoder = Decoder.of(container);
                Rgb rgb = new Rgb(quarterTurns);
                Packet packet = new Packet()) {
            Selection selection = new Selection(scan, wanted, frame -> made.add(use.apply(rgb.picture(frame))));
            while (!selection.isDone() && container.next(packet)) {
                decoder.skipsUnreferenced(selection.canMiss(packet));
                decoder.decode(packet, selection::offer);
            }
            if (!selection.isDone()) {
                decoder.flush(selection::offer);
            }
        }
        if (made.size() < wanted.length) {
            throw new InputException(
                    "the clip " + file.label() + " is truncated or damaged: frame " + wanted[made.size()] + " of "
                            + scan.count() + " cannot be decoded",
                    "fetch or save it again, or choose frames before that");
        }
        return Arrays.stream(indices)
                .mapToObj(i -> made.get(Arrays.binarySearch(wanted, i)))
                .toList();
    }
}
