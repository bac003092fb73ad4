package dev.fovea.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The named special tokens of a tokenizer; where no file names them, what its tokenizer.json puts around a text. */
final class SpecialTokens {
    private SpecialTokens() {}

    static Map<String, String> named(TokenizerConfig config, TokenizerJson json) {
        if (!config.specialTokens().isEmpty()) {
            return config.specialTokens();
        }
        Map<String, String> names = new LinkedHashMap<>();
        if (json.get("post_processor") instanceof Map<?, ?> processor) {
            around(processor, names);
        }
        for (String name : List.of("unk", "pad")) {
            String token = "<" + name + ">";
            if (json.added().containsKey(token)) {
                names.put(name + "_token", token);
            }
        }
        return names;
    }

    private static void around(Map<?, ?> processor, Map<String, String> names) {
        if (processor.get("cls") instanceof List<?> cls && processor.get("sep") instanceof List<?> sep) {
            names.put("bos_token", String.valueOf(cls.getFirst()));
            names.put("eos_token", String.valueOf(sep.getFirst()));
        } else if (processor.get("single") instanceof List<?> single && !single.isEmpty()) {
            put(names, "bos_token", single.getFirst());
            put(names, "eos_token", single.getLast());
        }
    }

    private static void put(Map<String, String> names, String name, @Nullable Object item) {
        if (item instanceof Map<?, ?> map && map.get("SpecialToken") instanceof Map<?, ?> token) {
            names.put(name, String.valueOf(token.get("id")));
        }
    }
}
