package dev.fovea.backend.cuda;

import java.util.Arrays;
import java.util.stream.Stream;

/**
 * How a block of eight warps takes part in a product of few rows: a kernel of {@code few.cu} or {@code codes.cu}, and the one that
 * goes on with a gate. Which bits a row gets follows from the weight's sizes alone.
 */
enum Form {
    /** Many outputs, or several rows: a warp for two outputs. */
    TALL("few_tall", 16, "few_tall_gated", 8),
    /** Long rows: four warps share two outputs. */
    LONG("few_long", 4, "few_long_gated", 2),
    /** One row: a warp for each output. Bits are those of {@link #TALL}. */
    SMALL("few_small", 8, "few_tall_gated", 8),
    /** Codes: all warps share a tile of sixteen outputs. */
    CODES("codes_one", 16, "codes_gated", 16),
    /** Codes of many outputs: all warps share two tiles. Bits are those of {@link #CODES}. */
    TALL_CODES("codes_two", 32, "codes_gated", 16);

    private static final int TALL_OUTPUTS = 8192;
    private static final int LONG_WIDTH = 4096;

    final String entry;
    final String gated;
    private final int outputs;
    private final int outputsOfGated;

    Form(String entry, int outputs, String gated, int outputsOfGated) {
        this.entry = entry;
        this.outputs = outputs;
        this.gated = gated;
        this.outputsOfGated = outputsOfGated;
    }

    /** For a dense weight. */
    static Form of(int rows, int outputs, int width) {
        return outputs >= TALL_OUTPUTS ? TALL : width >= LONG_WIDTH ? LONG : rows == 1 ? SMALL : TALL;
    }

    /** For a weight in codes. */
    static Form ofCodes(int outputs) {
        return outputs >= TALL_OUTPUTS ? TALL_CODES : CODES;
    }

    /** The form of a kernel that has not gone on with a gate. */
    static Form of(String entry) {
        return all().filter(form -> form.entry.equals(entry)).findFirst().orElseThrow();
    }

    /** Outputs of a block; of a gated kernel, of each of both matrices. */
    static int outputs(String entry) {
        return all().filter(form -> form.entry.equals(entry) || form.gated.equals(entry))
                .mapToInt(form -> form.entry.equals(entry) ? form.outputs : form.outputsOfGated)
                .findFirst()
                .orElseThrow();
    }

    private static Stream<Form> all() {
        return Arrays.stream(values());
    }
}
