package dev.fovea.generate;

import java.util.Arrays;

/**
 * The k largest of many scores and where they stand; of equal ones those with the lower index. A heap with the worst kept
 * score on top: a score that is not among the best costs one comparison.
 */
final class TopK {
    private final float[] scores;
    private final int[] indices;
    private int size;

    TopK(int k) {
        scores = new float[k];
        indices = new int[k];
    }

    /** Offers every {@code row[i] + offset} under the index {@code base + i}. Bases must grow from call to call. */
    void offer(float[] row, float offset, int base) {
        for (int i = 0; i < row.length; i++) {
            float score = row[i] + offset;
            if (size < scores.length) {
                scores[size] = score;
                indices[size] = base + i;
                siftUp(size++);
            } else if (score > scores[0]) {
                scores[0] = score;
                indices[0] = base + i;
                siftDown(0, size);
            }
            if (Float.isNaN(score)) {
                throw Scores.notANumber();
            }
        }
    }

    /** The smallest of the scores kept. */
    float worst() {
        return scores[0];
    }

    /** Sorts what was kept, best first, and returns the indices. Ends the life of this object. */
    int[] sorted() {
        for (int end = size - 1; end > 0; end--) {
            swap(0, end);
            siftDown(0, end);
        }
        return Arrays.copyOf(indices, size);
    }

    private void siftUp(int child) {
        while (child > 0 && worse(child, (child - 1) / 2)) {
            swap(child, (child - 1) / 2);
            child = (child - 1) / 2;
        }
    }

    private void siftDown(int parent, int end) {
        for (int child = 2 * parent + 1; child < end; child = 2 * parent + 1) {
            if (child + 1 < end && worse(child + 1, child)) {
                child++;
            }
            if (!worse(child, parent)) {
                return;
            }
            swap(child, parent);
            parent = child;
        }
    }

    private boolean worse(int a, int b) {
        return scores[a] < scores[b] || (scores[a] == scores[b] && indices[a] > indices[b]);
    }

    private void swap(int a, int b) {
        float score = scores[a];
        scores[a] = scores[b];
        scores[b] = score;
        int index = indices[a];
        indices[a] = indices[b];
        indices[b] = index;
    }
}
