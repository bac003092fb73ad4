package dev.fovea.io;

import dev.fovea.error.Closest;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.tensor.LosslessMatrix;
import dev.fovea.tensor.QuantizedMatrix;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which weights are kept in fewer bits, by the part of the model that they belong to. Norms, biases, convolutions and
 * tables of embeddings stay as they are stored. Attention's values are of 8 bits where the other layers are of 4: they are small where
 * heads share them, and a third to a half of the loss came from them.
 *
 * <pre>{@code Quantization.parse("int4"), Quantization.parse("int4,head=int4,tower=int8")}</pre>
 *
 * @param layers of the language model, but for values of attention
 * @param head that makes logits
 * @param tower and all else that encodes pictures
 */
public record Quantization(Precision layers, Precision head, Precision tower) {
    /** Changes whenever the same weights would become other codes. */
    static final String VERSION = "3";

    /** The key of the version among the marks. */
    public static final String VERSION_MARK = "version";

    /** {@code quant_method} of directories that Fovea wrote. */
    public static final String METHOD = "fovea";

    private static final Pattern HEAD = Pattern.compile("(.+\\.)?lm_head\\.weight");
    private static final Pattern LAYERS = Pattern.compile(
            "(model\\.)?(language_model\\.)?(model\\.)?((encoder|decoder)\\.)?layers\\.\\d+\\..+\\.weight");

    /** Of the language model's layers, what 4 bits would cost most for its size. */
    private static final Pattern DEAR = Pattern.compile(".+\\.v_proj\\.weight");

    /** What a weight becomes. */
    public enum Precision {
        /** As it is stored. */
        NONE(Optional.empty()),
        /** Where it is stored in bfloat16 and that saves a tenth at least, a {@link LosslessMatrix}; else as it is stored. */
        LOSSLESS(Optional.empty()),
        INT8(Optional.of(new QuantizedMatrix.Form(8, 32))),
        INT4(Optional.of(new QuantizedMatrix.Form(4, 32)));

        private final Optional<QuantizedMatrix.Form> form;

        Precision(Optional<QuantizedMatrix.Form> form) {
            this.form = form;
        }

        /** Of codes; empty where there are none. */
        public Optional<QuantizedMatrix.Form> form() {
            return form;
        }

        private static Precision named(String name, String option) {
            for (Precision p : values()) {
                if (p.toString().equals(name)) {
                    return p;
                }
            }
            throw new OptionException(
                    "quantize: " + option + " is \"" + Quote.of(name) + "\"; expected lossless, int8, int4 or none",
                    Closest.question(name, List.of("lossless", "int8", "int4", "none")));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * {@code lossless}, {@code int8} or {@code int4}, with {@code ,head=} and {@code ,tower=} for these parts where they are to be another
     * than by default: the head int8, or lossless where the layers are, the tower none.
     *
     * @throws OptionException for anything else
     */
    public static Quantization parse(String text) {
        String[] words = text.split(",", -1);
        Precision layers = Precision.named(words[0].strip(), "the precision");
        Map<String, Precision> parts = new LinkedHashMap<>();
        for (String word : List.of(words).subList(1, words.length)) {
            String[] pair = word.strip().split("=", 2);
            if (pair.length != 2 || !List.of("head", "tower").contains(pair[0])) {
                throw new OptionException(
                        "quantize: \"" + Quote.of(word) + "\" is no part; expected head=PRECISION or tower=PRECISION",
                        "int4,head=int4,tower=int8");
            }
            if (parts.put(pair[0], Precision.named(pair[1], pair[0])) != null) {
                throw new OptionException("quantize: " + pair[0] + " is given twice");
            }
        }
        Precision head = layers == Precision.INT4 ? Precision.INT8 : layers;
        return new Quantization(layers, parts.getOrDefault("head", head), parts.getOrDefault("tower", Precision.NONE));
    }

    /** Whether nothing is quantised. */
    public boolean isNone() {
        return layers == Precision.NONE && head == Precision.NONE && tower == Precision.NONE;
    }

    /** Whether some weights become other values. */
    public boolean rounds() {
        return makes(Precision.INT8) || makes(Precision.INT4);
    }

    /** Whether some weights become that. */
    public boolean makes(Precision precision) {
        return layers == precision || head == precision || tower == precision;
    }

    /**
     * What the weight of a linear layer becomes.
     *
     * @param name in the model's spelling
     */
    public Precision of(String name) {
        if (HEAD.matcher(name).matches()) {
            return head;
        }
        if (!LAYERS.matcher(name).matches()) {
            return tower;
        }
        return layers == Precision.INT4 && DEAR.matcher(name).matches() ? Precision.INT8 : layers;
    }

    /**
     * What is written into a file of weights that were quantised so.
     *
     * @param source fingerprint of the model
     */
    public Map<String, String> marks(String source) {
        return Map.of("format", "fovea-quantized", VERSION_MARK, VERSION, "quantization", toString(), "source", source);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return layers + ",head=" + head + ",tower=" + tower;
    }
}
