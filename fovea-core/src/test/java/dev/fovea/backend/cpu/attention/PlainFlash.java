package dev.fovea.backend.cpu.attention;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What {@link VectorFlashCode} computes, in its order, one query after another. */
final class PlainFlash {
    /** 1.5 * 2^23: adding it leaves the nearest integer in the low bits. */
    private static final float TO_INTEGER = 12582912f;

    private PlainFlash() {}

    /** Random operands that are bfloat16. */
    static final class Operands {
        private final int width;
        private final float[][] queries;
        private final float[][] keys;
        private final float[][] values;
        private final float growth;

        /** @param growth by how much each key is longer than the one before */
        Operands(int queries, int keys, int width, float growth) {
            SplittableRandom random = new SplittableRandom(31L * keys + width);
            this.width = width;
            this.growth = growth;
            this.queries = rows(queries, width, random);
            this.keys = rows(keys, width, random);
            values = rows(keys, width, random);
            for (int i = 0; i < keys; i++) {
                for (int d = 0; d < width; d++) {
                    this.keys[i][d] = narrow(this.keys[i][d] * (1 + i * growth));
                }
            }
        }

        private Operands(Operands others, float[][] queries, float[][] keys, float[][] values) {
            width = others.width;
            growth = others.growth;
            this.queries = queries;
            this.keys = keys;
            this.values = values;
        }

        private static float[][] rows(int count, int width, SplittableRandom random) {
            float[][] rows = new float[count][width];
            for (float[] row : rows) {
                for (int d = 0; d < width; d++) {
                    row[d] = narrow((float) random.nextGaussian());
                }
            }
            return rows;
        }

        private static float narrow(float value) {
            return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff0000);
        }

        /** All queries are the one at a place. */
        Operands ofQuery(int place) {
            float[][] all = new float[queries.length][];
            Arrays.fill(all, queries[place]);
            return new Operands(this, all, keys, values);
        }

        /** The query at a place begins with a value. */
        Operands withQuery(int place, float value) {
            float[][] all = queries.clone();
            all[place] = queries[place].clone();
            all[place][0] = value;
            return new Operands(this, all, keys, values);
        }

        /** The keys of an interval alone. */
        Operands ofKeys(int from, int to) {
            return new Operands(
                    this, queries, Arrays.copyOfRange(keys, from, to), Arrays.copyOfRange(values, from, to));
        }

        int width() {
            return width;
        }

        int keys() {
            return keys.length;
        }

        float q(int i, int d) {
            return queries[i][d];
        }

        float k(int i, int d) {
            return keys[i][d];
        }

        float v(int i, int d) {
            return values[i][d];
        }

        @Override
        public String toString() {
            return keys.length + " keys of width " + width + (growth == 0 ? "" : ", growing");
        }
    }

    /** Sums for each value of a head, all queries side by side. */
    static float[] attend(Operands operands, float scale, int block) {
        int queries = operands.queries.length;
        float[] all = new float[operands.width * queries];
        for (int i = 0; i < queries; i++) {
            float[] sums = attend(operands, operands.queries[i], scale * FlashFrame.LOG2_E, block);
            for (int d = 0; d < sums.length; d++) {
                all[d * queries + i] = sums[d];
            }
        }
        return all;
    }

    private static float[] attend(Operands operands, float[] query, float scale, int block) {
        float[] sums = new float[operands.width];
        float greatest = Float.NEGATIVE_INFINITY;
        float total = 0;
        for (int first = 0; first < operands.keys.length; first += block) {
            int end = Math.min(first + block, operands.keys.length);
            float[] weights = new float[end - first];
            for (int i = first; i < end; i++) {
                for (int d = 0; d < query.length; d++) {
                    weights[i - first] = Math.fma(query[d], operands.keys[i][d], weights[i - first]);
                }
            }
            float largest = Float.NEGATIVE_INFINITY;
            for (float score : weights) {
                largest = Math.max(largest, score);
            }
            if ((largest - greatest) * scale > FlashFrame.SLACK) {
                float shrink = power((greatest - largest) * scale);
                total *= shrink;
                for (int d = 0; d < sums.length; d++) {
                    sums[d] *= shrink;
                }
                greatest = largest;
            }
            float sumOfWeights = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = power((weights[i] - greatest) * scale);
                sumOfWeights += weights[i];
            }
            total += sumOfWeights;
            for (int d = 0; d < sums.length; d++) {
                float sum = 0;
                for (int i = first; i < end; i++) {
                    sum = Math.fma(weights[i - first], operands.values[i][d], sum);
                }
                sums[d] = sum + sums[d];
            }
        }
        for (int d = 0; d < sums.length; d++) {
            sums[d] *= 1 / total;
        }
        return sums;
    }

    private static float power(float exponent) {
        float x = Math.max(FlashFrame.LEAST, exponent);
        float shifted = x + TO_INTEGER;
        float rest = x - (shifted - TO_INTEGER);
        float[] terms = VectorWeights.POWER;
        float power = terms[terms.length - 1];
        for (int i = terms.length - 2; i >= 0; i--) {
            power = Math.fma(power, rest, terms[i]);
        }
        return Float.intBitsToFloat(Float.floatToRawIntBits(power) + (Float.floatToRawIntBits(shifted) << 23));
    }

    /** The greatest difference from sums in double precision, relative to the sums of magnitudes. */
    static double error(Operands operands, float scale, float[] results) {
        int queries = operands.queries.length;
        double worst = 0;
        for (int q = 0; q < queries; q++) {
            double[] scores = new double[operands.keys.length];
            double greatest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < scores.length; i++) {
                for (int d = 0; d < operands.width; d++) {
                    scores[i] += (double) operands.queries[q][d] * operands.keys[i][d] * scale;
                }
                greatest = Math.max(greatest, scores[i]);
            }
            double total = 0;
            for (int i = 0; i < scores.length; i++) {
                scores[i] = Math.exp(scores[i] - greatest);
                total += scores[i];
            }
            for (int d = 0; d < operands.width; d++) {
                double sum = 0;
                double magnitude = 0;
                for (int i = 0; i < scores.length; i++) {
                    sum += scores[i] * operands.values[i][d];
                    magnitude += scores[i] * Math.abs(operands.values[i][d]);
                }
                double difference = Math.abs(results[d * queries + q] - sum / total);
                worst = Math.max(worst, difference / (magnitude / total));
            }
        }
        return worst;
    }
}
