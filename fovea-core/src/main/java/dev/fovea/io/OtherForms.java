package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What directories hold in place of a model as it was trained: adapters, quantised models, other programs' formats. */
final class OtherForms {
    static final String MERGE =
            "merge it into its base model with peft (merge_and_unload, then save_pretrained) and open the result;"
                    + " where that is done already, take adapter_config.json out of the directory";
    static final String UNQUANTISED =
            "take the model in float32, bfloat16 or float16 from which it was made; where the weights are of those,"
                    + " take the key or file out";

    private static final String ADAPTER = "adapter_config.json";

    /** Keys of config.json: transformers', its older one for compressed-tensors, and MLX's. */
    private static final List<String> QUANTISATION =
            List.of("quantization_config", "compression_config", "quantization");

    /** Files of quantisers that do not write config.json. */
    private static final List<String> QUANTISATION_FILES =
            List.of("quantize_config.json", "quant_config.json", "hf_quant_config.json");

    private static final Map<String, String> FORMATS = Map.ofEntries(
            Map.entry("gguf", "GGUF, llama.cpp's"),
            Map.entry("ggml", "GGML, llama.cpp's older one"),
            Map.entry("onnx", "ONNX"),
            Map.entry("npz", "NumPy archives, as MLX had them"),
            Map.entry("mlpackage", "Core ML"),
            Map.entry("mlmodel", "Core ML"),
            Map.entry("h5", "Keras"),
            Map.entry("msgpack", "Flax"),
            Map.entry("tflite", "LiteRT"),
            Map.entry("task", "LiteRT"),
            Map.entry("litertlm", "LiteRT"),
            Map.entry("nemo", "NeMo"),
            Map.entry("engine", "TensorRT"),
            Map.entry("pth", "PyTorch, as the model's own training code writes it"),
            Map.entry("pt", "PyTorch, as the model's own training code writes it"),
            Map.entry("ckpt", "PyTorch, as the model's own training code writes it"),
            Map.entry("bin", "another name than pytorch_model.bin"),
            Map.entry("safetensors", "safetensors under another name than model.safetensors"));

    private OtherForms() {}

    /** @throws InputException where the directory holds an adapter, beside a whole model or alone */
    static void refuseAdapter(ModelFiles files) {
        if (!files.has(ADAPTER)) {
            return;
        }
        Map<String, ?> adapter = files.json(ADAPTER);
        String kind = adapter.get("peft_type") instanceof String s ? Quote.of(s) + " adapter" : "adapter";
        String base = adapter.get("base_model_name_or_path") instanceof String s ? " for " + Quote.of(s) : "";
        throw new InputException(
                files + " holds a " + kind + base + " (" + ADAPTER + "); Fovea reads whole models only", MERGE);
    }

    /** @throws InputException where the weights are quantised in a way that is not read */
    static void refuseQuantised(ModelFiles files, Config config) {
        if (PublishedCodes.find(config).isPresent() || Bitsandbytes.quantised(config)) {
            return;
        }
        for (Config c : List.of(
                config,
                config.optionalChild("text_config").orElse(config),
                config.optionalChild("vision_config").orElse(config))) {
            for (String key : QUANTISATION) {
                c.optionalChild(key).filter(q -> !isOwn(q)).ifPresent(q -> {
                    throw quantised(files, method(key, q), key + " in config.json");
                });
            }
        }
        for (String file : QUANTISATION_FILES) {
            if (files.has(file)) {
                throw quantised(files, "", file);
            }
        }
    }

    /** Whether Fovea wrote the directory. */
    private static boolean isOwn(Config quantization) {
        boolean own = quantization.value("quant_method").equals(Optional.of(Quantization.METHOD));
        if (own) {
            quantization.ignore(
                    "the weights say themselves how they are stored",
                    quantization.keys().toArray(String[]::new));
        }
        return own;
    }

    private static InputException quantised(ModelFiles files, String method, String where) {
        return new InputException(
                files + " holds a quantised model" + method + ", as " + where
                        + " says; Fovea reads weights in float32, bfloat16 and float16, and those of GPTQ and AWQ in 4 bits and of bitsandbytes",
                UNQUANTISED);
    }

    private static String method(String key, Config q) {
        Optional<Object> name = q.value("quant_method").or(() -> q.value("quant_algo"));
        String method = name.map(n -> " (" + Quote.of(n)).orElse(key.equals("quantization") ? " (MLX" : "");
        Optional<Object> bits = q.value("bits").or(() -> q.value("w_bit"));
        if (method.isEmpty()) {
            return "";
        }
        return method + bits.map(b -> ", " + Quote.of(b) + " bits").orElse("") + ")";
    }

    /** @throws InputException where all weights of a model without config.json are of other programs */
    static void refuseFormats(ModelFiles files) {
        List<String> names = files.names();
        String formats = formats(names);
        if (!formats.isEmpty() && names.stream().noneMatch(n -> n.endsWith(".safetensors") || n.endsWith(".bin"))) {
            throw new InputException(
                    files + " has no config.json, and weights in a format that is not read: " + formats,
                    ModelDirectory.SUPPORTED);
        }
    }

    /** The formats that file names show, each with its files: {@code a.gguf (GGUF, llama.cpp's)}; empty where none does. */
    static String formats(List<String> names) {
        return names.stream()
                .collect(Collectors.groupingBy(OtherForms::format, Collectors.mapping(Quote::of, Collectors.toList())))
                .entrySet()
                .stream()
                .filter(e -> !e.getKey().isEmpty())
                .map(e -> ModelDirectory.some(e.getValue()) + " (" + e.getKey() + ")")
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String format(String name) {
        if (name.equals("onnx/")) {
            return "ONNX";
        }
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return FORMATS.getOrDefault(extension.replace("/", ""), "");
    }
}
