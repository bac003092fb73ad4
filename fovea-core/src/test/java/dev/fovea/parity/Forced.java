package dev.fovea.parity;

import dev.fovea.io.Safetensors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The reference's next-token distributions over an answer, fed token by token: the likeliest ids, their log-probabilities and the
 * logarithm of what is left for all others.
 */
record Forced(List<int[]> targets, int[] ids, float[] logprobs, double[] rest, double klFloat32) {

    /** Of a case; without rows where the kit has none for it. */
    static Forced of(ParityCase c) {
        Path own = c.stages(".logits");
        if (Files.exists(own)) {
            double yardstick = c.json().get("kl_float32") instanceof Number n ? n.doubleValue() : 0;
            return read(own, "ids", "logprobs", c.ids("output_ids"), yardstick);
        }
        if (Files.exists(c.stages("")) && Stages.has(c.stages(""), "forced.targets")) {
            List<int[]> targets = List.of(Stages.ints(c.stages(""), "forced.targets"));
            return read(c.stages(""), "forced.top_ids", "forced.top_logprobs", targets, yardstick(c.stages("")));
        }
        return new Forced(List.of(), new int[0], new float[0], new double[0], 0);
    }

    private static Forced read(Path path, String ids, String logprobs, List<int[]> targets, double klFloat32) {
        try (Safetensors file = Safetensors.open(path)) {
            float[] values = Stages.floats(file, logprobs);
            int positions = targets.stream().mapToInt(t -> t.length).sum();
            int top = values.length / positions;
            double[] rest = new double[positions];
            for (int p = 0; p < positions; p++) {
                double sum = 0;
                for (int k = 0; k < top; k++) {
                    sum += Math.exp(values[p * top + k]);
                }
                rest[p] = Math.log(Math.max(1 - sum, 1e-30));
            }
            if (file.entries().containsKey("rest")) {
                float[] exact = Stages.floats(file, "rest");
                Arrays.setAll(rest, p -> exact[p]);
            }
            return new Forced(targets, Stages.ints(file, ids), values, rest, klFloat32);
        }
    }

    private static double yardstick(Path path) {
        try (Safetensors file = Safetensors.open(path)) {
            if (!file.entries().containsKey("forced.float32_logprobs")) {
                return 0;
            }
            float[] half = Stages.floats(file, "forced.top_logprobs");
            float[] full = Stages.floats(file, "forced.float32_logprobs");
            double kl = 0;
            for (int i = 0; i < half.length; i++) {
                kl += Math.exp(half[i]) * (half[i] - full[i]);
            }
            return kl / Stages.ints(file, "forced.targets").length;
        }
    }

    int rows() {
        return targets.size();
    }

    int[] targets(int row) {
        return targets.get(row);
    }

    /** The reference's likeliest ids at a position of a row: several where its logits of 16 bits are equal. */
    IntStream likeliest(int row, int position) {
        int top = ids.length / rest.length;
        int first = at(row, position) * top;
        return IntStream.range(first, first + top)
                .filter(k -> logprobs[k] == logprobs[first])
                .map(k -> ids[k]);
    }

    private int at(int row, int position) {
        return position
                + targets.subList(0, row).stream().mapToInt(t -> t.length).sum();
    }

    /** KL(reference, engine) at a position of a row, all ids beyond the likeliest taken as one. */
    double klDivergence(int row, int position, double[] own) {
        int p = at(row, position);
        int top = ids.length / rest.length;
        double kl = 0;
        double covered = 0;
        for (int k = p * top; k < (p + 1) * top; k++) {
            kl += Math.exp(logprobs[k]) * (logprobs[k] - own[ids[k]]);
            covered += Math.exp(own[ids[k]]);
        }
        return kl + Math.exp(rest[p]) * (rest[p] - Math.log(Math.max(1 - covered, 1e-30)));
    }
}
