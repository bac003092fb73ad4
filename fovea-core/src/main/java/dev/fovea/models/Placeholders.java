package dev.fovea.models;

import dev.fovea.error.InputException;
import dev.fovea.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Placeholders of pictures in a prompt. */
public final class Placeholders {
    private Placeholders() {}

    /**
     * Repeats each placeholder as often as its picture has rows.
     *
     * @param kind how errors call it: image, video
     * @param visuals in the order of the placeholders
     * @throws InputException where the numbers differ; it has both
     */
    public static int[] expand(int[] ids, int placeholder, String kind, List<Inputs.Visual> visuals) {
        long found = Arrays.stream(ids).filter(id -> id == placeholder).count();
        if (found != visuals.size()) {
            throw new InputException(
                    "the prompt has " + found + " " + kind + " placeholders and comes with " + visuals.size() + " "
                            + kind + "s",
                    "name each " + kind + " once in the messages");
        }
        IntStream.Builder expanded = IntStream.builder();
        int next = 0;
        for (int id : ids) {
            int copies = id == placeholder ? visuals.get(next++).tokens() : 1;
            for (int i = 0; i < copies; i++) {
                expanded.add(id);
            }
        }
        return expanded.build().toArray();
    }

    /**
     * Puts the rows of pictures in the place of their placeholders.
     *
     * @param embeds (ids.length, D), changed
     * @param kind how errors call it: image, video
     * @param features (rows, D) in the order of the placeholders; one part after another
     * @throws InputException where the numbers differ; it has both
     */
    public static void fill(Tensor embeds, int[] ids, int placeholder, String kind, List<Tensor> features) {
        int[] places = IntStream.range(0, ids.length)
                .filter(i -> ids[i] == placeholder)
                .toArray();
        int rows = features.stream().mapToInt(f -> f.dim(0)).sum();
        if (places.length != rows) {
            throw new InputException(
                    "the prompt has " + places.length + " " + kind + " placeholders, its " + kind + "s have " + rows
                            + " rows",
                    "let the processor expand the placeholders");
        }
        int from = 0;
        for (Tensor part : features) {
            int to = from + part.dim(0);
            part.backend().scatterRows(embeds, Arrays.copyOfRange(places, from, to), part);
            from = to;
        }
    }

    /** One past the last placeholder of any of these kinds; 0 where there is none. */
    public static int end(int[] ids, int... placeholders) {
        int end = ids.length;
        while (end > 0 && !contains(placeholders, ids[end - 1])) {
            end--;
        }
        return end;
    }

    private static boolean contains(int[] values, int value) {
        return Arrays.stream(values).anyMatch(v -> v == value);
    }
}
