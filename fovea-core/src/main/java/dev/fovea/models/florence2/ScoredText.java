package dev.fovea.models.florence2;

import java.util.List;
import java.util.OptionalDouble;

/**
 * An answer decoded token by token, with the log-probability of each: decode_with_spans of Microsoft's code. A character
 * that several tokens spell is U+FFFD in each, as there.
 */
final class ScoredText implements PostProcessor.Scorer {
    private final String text;
    private final int[] ends;
    private final float[] logProbs;

    /**
     * @param pieces the text of each token
     * @param logProbs as many
     */
    ScoredText(List<String> pieces, float[] logProbs) {
        this.text = String.join("", pieces);
        this.logProbs = logProbs;
        this.ends = new int[pieces.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += pieces.get(i).length();
            ends[i] = end;
        }
    }

    String text() {
        return text;
    }

    /** The geometric mean of the probabilities of the tokens that overlap a part of the text; none where there are none. */
    @Override
    public OptionalDouble score(int from, int to) {
        double sum = 0;
        int count = 0;
        int start = 0;
        for (int i = 0; i < ends.length; i++) {
            if (ends[i] > from && start < to) {
                sum += logProbs[i];
                count++;
            }
            start = ends[i];
        }
        return count == 0 ? OptionalDouble.empty() : OptionalDouble.of(Math.exp(sum / count));
    }
}
