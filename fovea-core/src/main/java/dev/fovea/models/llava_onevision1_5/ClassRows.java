package dev.fovea.models.llava_onevision1_5;

import dev.fovea.error.OptionException;
import dev.fovea.io.Config;
import java.util.stream.IntStream;

/**
 * How the class rows are taken out of the tower's last layer. A segment is a picture or a frame of a clip; all segments of a call
 * follow each other, each behind its class row.
 */
enum ClassRows {
    /** Each segment loses exactly its class row. */
    STRIPPED,
    /**
     * As the published code does, which counts the rows of a segment as if no class rows stood before it but its own: those of
     * segment i are shifted by i. The first is right, the second keeps its class row and loses its last patch.
     */
    PUBLISHED;

    static final String KEY = "class_rows";

    /** @throws OptionException for another value than stripped or published */
    static ClassRows of(Config options) {
        String name = options.string(KEY, "stripped");
        return switch (name) {
            case "stripped" -> STRIPPED;
            case "published" -> PUBLISHED;
            default -> throw new OptionException("class_rows is \"" + name + "\"; expected stripped or published");
        };
    }

    /**
     * The rows of the sequence with class rows that become the patches of a sequence without.
     *
     * @param patches of each segment
     */
    int[] patchRows(int[] patches) {
        IntStream.Builder rows = IntStream.builder();
        int before = 0; // patches of earlier segments
        for (int segment = 0; segment < patches.length; segment++) {
            int first = 1 + before + (this == STRIPPED ? segment : 0);
            IntStream.range(first, first + patches[segment]).forEach(rows);
            before += patches[segment];
        }
        return rows.build().toArray();
    }
}
