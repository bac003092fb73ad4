package dev.fovea.io;

import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.DType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * That bitsandbytes quantised a model's linear layers, by {@code quantization_config} of config.json: to 4 bits ({@link FourBitWeight})
 * or to 8 ({@link Int8Weight}). Which of them, and from which dtype, the stored weights say themselves; so
 * {@code llm_int8_skip_modules} lists what is stored as it was.
 */
final class Bitsandbytes {
    /** By torch's names, in the order of messages. */
    static final Map<String, DType> DTYPES = dtypes();

    private static final List<String> TYPES = List.of("nf4", "fp4");

    private static final List<String> STORAGE =
            List.of("uint8", "int8", "float16", "bfloat16", "float32", "float64", "torch.uint8");

    private static final List<String> KEYS = List.of("load_in_4bit", "load_in_8bit");

    private Bitsandbytes() {}

    private static Map<String, DType> dtypes() {
        Map<String, DType> dtypes = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)) {
            dtypes.put(dtype.torchName(), dtype);
        }
        return Collections.unmodifiableMap(dtypes);
    }

    /**
     * Whether a model says so of itself.
     *
     * @throws dev.fovea.error.InputException where it does in a form that is not read
     */
    static boolean quantised(Config config) {
        Optional<Config> found = PublishedCodes.quantization(config).filter(Bitsandbytes::isMeant);
        found.ifPresent(Bitsandbytes::check);
        return found.isPresent();
    }

    /** Configurations of the first versions name no method. */
    private static boolean isMeant(Config c) {
        return c.has("quant_method")
                ? c.value("quant_method").equals(Optional.of("bitsandbytes"))
                : KEYS.stream().anyMatch(c::has);
    }

    private static void check(Config c) {
        c.value("quant_method");
        boolean four = either(c, "load_in_4bit");
        boolean eight = either(c, "load_in_8bit");
        c.require(four != eight, "load_in_4bit", "true, or load_in_8bit in its place");
        requireOne(c, "bnb_4bit_quant_type", TYPES);
        c.optionalOf("bnb_4bit_compute_dtype", DTYPES);
        requireOne(c, "bnb_4bit_quant_storage", STORAGE);
        c.flag("bnb_4bit_use_double_quant", false);
        c.flag("llm_int8_enable_fp32_cpu_offload", false);
        c.flag("llm_int8_has_fp16_weight", false);
        c.number("llm_int8_threshold", 0);
        c.optionalStrings("llm_int8_skip_modules");
    }

    private static void requireOne(Config c, String key, List<String> known) {
        c.require(known.contains(c.string(key, known.getFirst())), key, "one of " + String.join(", ", known));
    }

    /** transformers writes both spellings. */
    private static boolean either(Config c, String key) {
        boolean plain = c.flag(key, false);
        boolean other = c.flag("_" + key, false);
        return plain || other;
    }

    /**
     * A weight, where it is stored so.
     *
     * @param find a stored tensor by its name
     */
    static Optional<CodedWeight> find(String name, Function<String, Optional<Part>> find) {
        Optional<CodedWeight> four = FourBitWeight.find(name, find).map(w -> w);
        return four.isPresent() ? four : Int8Weight.find(name, find).map(w -> w);
    }
}
