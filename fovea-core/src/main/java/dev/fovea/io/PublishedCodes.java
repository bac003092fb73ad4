package dev.fovea.io;

import dev.fovea.tensor.QuantizedMatrix;
import dev.fovea.tensor.QuantizedMatrix.Form;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How AutoGPTQ or AutoAWQ (or what writes their formats: GPTQModel, llm-compressor) quantised a model's linear layers, by
 * {@code quantization_config} of config.json. Weights are {@code scale (code - zero)}, of 4 bits.
 *
 * @param packing of codes
 * @param zeroStep what is to be added to a stored zero point: GPTQ stores one less than it means, but for its second version
 * @param groupSize columns that share a scale; -1 for all
 */
record PublishedCodes(Packing packing, int zeroStep, int groupSize) {
    private static final String KEY = "quantization_config";
    private static final String SIXTEEN = "; other models are read in the 16 bits from which they were made";

    enum Packing {
        /** Eight columns of a row in an int; zero points of eight rows. */
        GPTQ,
        /** Eight rows of a column in an int, even ones first; zero points in the same order. */
        AWQ
    }

    /**
     * What a model says of itself.
     *
     * @return empty where it says nothing of these two
     * @throws dev.fovea.error.InputException where it is one of them in a form that is not read
     */
    static Optional<PublishedCodes> find(Config config) {
        return quantization(config).flatMap(PublishedCodes::of);
    }

    /**
     * What a model says of how it is quantised, or its text model of itself.
     *
     * @throws dev.fovea.error.InputException where they say different things
     */
    static Optional<Config> quantization(Config config) {
        Optional<Config> own = config.optionalChild(KEY);
        Optional<Config> text = config.optionalChild("text_config").filter(c -> c.has(KEY));
        if (own.isEmpty() || text.isEmpty()) {
            return own.or(() -> text.map(c -> c.child(KEY)));
        }
        Config nested = text.get().child(KEY);
        text.get().require(nested.toMap().equals(own.get().toMap()), KEY, "the same as the whole model has");
        nested.ignore("the whole model says the same", nested.keys().toArray(String[]::new));
        return own;
    }

    private static Optional<PublishedCodes> of(Config c) {
        String method = String.valueOf(c.value("quant_method").orElse(""));
        if (!method.equals("gptq") && !method.equals("awq")) {
            return Optional.empty();
        }
        c.ignore("the weights say themselves how they are stored", c.keys().toArray(String[]::new));
        c.require(c.integer("bits") == 4, "bits", "4, of " + method + SIXTEEN);
        int group = c.integer("group_size");
        c.require(
                group == -1 || group > 0 && group % QuantizedMatrix.BLOCK == 0, "group_size", "-1 or a multiple of 32");
        return Optional.of(
                method.equals("awq")
                        ? new PublishedCodes(Packing.AWQ, awq(c), group)
                        : new PublishedCodes(Packing.GPTQ, gptq(c), group));
    }

    private static int awq(Config c) {
        String version = c.string("version", "gemm").toLowerCase(Locale.ROOT);
        c.require(version.equals("gemm"), "version", "\"gemm\"" + SIXTEEN);
        c.require(c.flag("zero_point", true), "zero_point", "true" + SIXTEEN);
        return 0;
    }

    private static int gptq(Config c) {
        String format = c.string("checkpoint_format", "gptq");
        c.require(
                List.of("gptq", "gptq_v2").contains(format), "checkpoint_format", "\"gptq\" or \"gptq_v2\"" + SIXTEEN);
        c.require(!c.flag("is_marlin_format", false), "is_marlin_format", "false" + SIXTEEN);
        String words = c.string("pack_dtype", "int32");
        c.require(words.equals("int32"), "pack_dtype", "\"int32\"" + SIXTEEN);
        return format.equals("gptq") ? 1 : 0;
    }

    /** Of a weight with so many columns. */
    Form form(int columns) {
        return new Form(4, groupSize > 0 ? groupSize : QuantizedMatrix.blocks(columns) * QuantizedMatrix.BLOCK);
    }
}
