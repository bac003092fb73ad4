package dev.fovea.models.qwen2_5_vl;

import dev.fovea.models.GridThw;
import dev.fovea.models.Inputs;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Tensor;
import java.util.Iterator;
import java.util.stream.Stream;

/**
 * M-RoPE positions of a prompt: time, height and width. A text counts up on all three axes alike; a picture's cells take their
 * row and column, and the text goes on behind the larger side. Source: get_rope_index of Qwen2_5_VLModel.
 *
 * @param positions int[3][T]
 * @param next position of the first generated token
 */
record RopeIndex(int[][] positions, int next) {

    static RopeIndex of(Inputs.Row row, Qwen2_5_VLConfig config) {
        int[] ids = row.inputIds();
        int mergeSize = config.vision().spatialMergeSize();
        Iterator<Inputs.Visual> images = row.images().iterator();
        Iterator<Inputs.Visual> videos = row.videos().iterator();
        int[][] positions = new int[3][ids.length];
        int next = 0;
        int i = 0;
        while (i < ids.length) {
            boolean image = ids[i] == config.imageTokenId();
            if (!image && ids[i] != config.videoTokenId()) {
                positions[0][i] = positions[1][i] = positions[2][i] = next++;
                i++;
                continue;
            }
            Inputs.Visual visual = image ? images.next() : videos.next();
            GridThw grid = visual.grid().orElseThrow();
            int height = grid.h() / mergeSize;
            int width = grid.w() / mergeSize;
            // float32 as in the reference, cut to an integer after the multiplication
            float interval = (float) config.vision().tokensPerSecond() * (float) visual.secondPerGridT();
            for (int t = 0; t < grid.t(); t++) {
                int time = image ? 0 : (int) (t * interval);
                for (int r = 0; r < height; r++) {
                    for (int c = 0; c < width; c++, i++) {
                        positions[0][i] = next + time;
                        positions[1][i] = next + r;
                        positions[2][i] = next + c;
                    }
                }
            }
            next += Math.max(height, width);
        }
        return new RopeIndex(positions, next);
    }

    /** Reports position_ids (3, 1, T) and rope_deltas (1, 1): how far positions are ahead of the token count. */
    void nameStages(Backend backend) {
        int length = positions[0].length;
        float[] flat = new float[3 * length];
        float highest = 0;
        for (int i = 0; i < flat.length; i++) {
            flat[i] = positions[i / length][i % length];
            highest = Math.max(highest, flat[i]);
        }
        Tensor.of(backend, flat, 3, 1, length).named("position_ids");
        Tensor.of(backend, new float[] {highest + 1 - length}, 1, 1).named("rope_deltas");
    }

    /** The axis of each frequency: 16 of time, 24 of height, 24 of width in the published model. */
    static int[] axisOfFrequency(int[] mropeSection) {
        return Stream.iterate(0, axis -> axis < mropeSection.length, axis -> axis + 1)
                .flatMapToInt(
                        axis -> java.util.stream.IntStream.generate(() -> axis).limit(mropeSection[axis]))
                .toArray();
    }
}
