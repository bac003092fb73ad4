package dev.fovea.video;

import dev.fovea.error.InputException;
import dev.fovea.media.MediaBytes;
import dev.fovea.media.Picture;
import dev.fovea.media.VideoFile;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    public <T> List<T> map(int[] indices, Function<Picture, T> use) {
        int[] wanted = Arrays.stream(indices).sorted().distinct().toArray();
        Map<Integer, T> made = new HashMap<>();
        try (Container container = new Container(file);
                Decoder decoder = new Decoder(container);
                Rgb rgb = new Rgb(quarterTurns);
                Packet packet = new Packet()) {
            Chosen<T> chosen = new Chosen<>(wanted, frame -> use.apply(rgb.picture(frame)), made);
            while (!chosen.isDone() && container.next(packet)) {
                decoder.decode(packet, chosen::take);
            }
            if (!chosen.isDone()) {
                decoder.flush(chosen::take);
            }
            if (!chosen.isDone()) {
                throw new InputException(
                        "the clip " + file.label() + " is truncated or damaged: " + chosen.seen + " of its "
                                + scan.count() + " frames can be decoded, frame " + wanted[chosen.next]
                                + " is asked for",
                        "fetch or save it again, or choose frames before that");
            }
        }
        List<T> result = new ArrayList<>(indices.length);
        for (int index : indices) {
            result.add(java.util.Objects.requireNonNull(made.get(index)));
        }
        return result;
    }

    /** Picks the wanted ones out of all frames as they come. */
    private static final class Chosen<T> {
        private final int[] wanted; // ascending
        private final Function<MemorySegment, T> use;
        private final Map<Integer, T> made;
        private int next;
        private int seen;

        Chosen(int[] wanted, Function<MemorySegment, T> use, Map<Integer, T> made) {
            this.wanted = wanted;
            this.use = use;
            this.made = made;
        }

        boolean isDone() {
            return next == wanted.length;
        }

        void take(MemorySegment frame) {
            if (!isDone() && seen == wanted[next]) {
                made.put(wanted[next], use.apply(frame));
                next++;
            }
            seen++;
        }
    }
}
