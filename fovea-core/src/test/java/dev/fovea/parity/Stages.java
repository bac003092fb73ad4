package dev.fovea.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.fovea.io.Safetensors;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Intermediate tensors by the names of the reference's modules. */
final class Stages {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, float[]> values = new LinkedHashMap<>();

    void add(String name, Tensor tensor) {
        values.put(name, tensor.toFloats());
    }

    /** Of LLaVA-OneVision-1.5 the kit calls the pixels of clips pixel_values, too. */
    float[] get(String name) {
        if (name.equals("pixel_values") && !values.containsKey(name)) {
            return get("pixel_values_videos");
        }
        assertThat(values).as("stages of the trace").containsKey(name);
        return values.get(name);
    }

    static float[] floats(Safetensors file, String name) {
        MemorySegment segment = file.segment(name);
        return segment.toArray(FLOAT);
    }

    static int[] ints(Safetensors file, String name) {
        return file.segment(name).toArray(INT);
    }

    static int[] ints(Path path, String name) {
        try (Safetensors file = Safetensors.open(path)) {
            return ints(file, name);
        }
    }

    static boolean has(Path path, String name) {
        try (Safetensors file = Safetensors.open(path)) {
            return file.entries().containsKey(name);
        }
    }

    /**
     * Compares with a case's file of the kit, in the file's order, so that the first wrong stage is the one reported. Where the kit
     * ran a padded batch, a row's part of it is compared: text stages without the padding, visual ones one row after another.
     */
    static void compare(ParityCase c, List<Stages> rows) {
        try (Safetensors expected = Safetensors.open(c.stages(""))) {
            for (String name : expected.entries().keySet()) {
                if (name.startsWith("forced.") || !(c.isFloat32() || name.startsWith("pixel_values"))) {
                    continue; // half precision has a tolerance for log-probabilities alone, which are checked elsewhere
                }
                int[] shape = expected.entries().get(name).shape().toArray();
                float[] all = floats(expected, name);
                double own = c.distanceFromExact(name);
                if (rows.size() == 1) {
                    close(name, rows.getFirst().get(name), all, own);
                } else if (name.startsWith("language.")
                        || name.equals("inputs_embeds")
                        || name.equals("position_ids")) {
                    compareText(name, rows, c.places(), shape, all);
                } else {
                    close(name, concat(rows, name), all, own);
                }
            }
        }
    }

    private static void compareText(String name, List<Stages> rows, List<int[]> places, int[] shape, float[] all) {
        boolean positions = name.equals("position_ids");
        int batch = positions ? shape[1] : shape[0];
        int padded = positions ? shape[2] : shape[1];
        int outer = positions ? shape[0] : 1;
        int width = positions ? 1 : shape[2];
        for (int r = 0; r < rows.size(); r++) {
            int[] place = places.get(r);
            float[] own = new float[outer * place.length * width];
            for (int o = 0; o < outer; o++) {
                for (int i = 0; i < place.length; i++) {
                    int from = ((o * batch + r) * padded + place[i]) * width;
                    System.arraycopy(all, from, own, (o * place.length + i) * width, width);
                }
            }
            close(name + " of row " + r, rows.get(r).get(name), own, 0);
        }
    }

    private static float[] concat(List<Stages> rows, String name) {
        List<float[]> parts = new ArrayList<>();
        for (Stages row : rows) {
            if (row.values.containsKey(name)) {
                parts.add(row.values.get(name));
            }
        }
        float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /**
     * {@code max|a-b| / max|b|}: 1e-6 for pixels, 1e-4 for the rest.
     *
     * @param own what the kit's number itself is off; added to the tolerance
     */
    static void close(String name, float[] actual, float[] expected, double own) {
        assertThat(actual).as("size of stage " + name).hasSameSizeAs(expected);
        double difference = 0;
        double scale = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Float.isNaN(actual[i])) {
                fail("element " + i + " of stage " + name + " is NaN");
            }
            difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
            scale = Math.max(scale, Math.abs(expected[i]));
        }
        double tolerance = name.startsWith("pixel_values") ? 1e-6 : 1e-4 + own;
        assertThat(difference / Math.max(scale, 1e-30))
                .as("relative difference of stage " + name)
                .isLessThanOrEqualTo(tolerance);
    }
}
