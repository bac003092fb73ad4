package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a checkpoint differs from what a model asked for.
 *
 * @param asked number of tensors that were asked for
 * @param missing names in the model's spelling
 * @param misshapen descriptions
 * @param unsupported descriptions
 * @param unexpected names in the model's spelling with those in the file's
 */
record Mismatch(
        int asked,
        List<String> missing,
        List<String> misshapen,
        List<String> unsupported,
        Map<String, String> unexpected) {
    private static final int SHOWN = 10;
    private static final int WARNED = 5;

    /** Names that peft gives to what it adds, and to what it wraps. */
    private static final Pattern ADAPTER = Pattern.compile(
            "^base_model\\.model\\..*"
                    + "|.*\\.(lora_\\w+|base_layer|modules_to_save|original_module|hada_w\\w+|lokr_\\w+|oft_\\w+|vera_\\w+|ia3_l)(\\..*)?");

    /** Names that GPTQ, AWQ, compressed-tensors, bitsandbytes, fp8 and MLX give to parts of a quantised matrix. */
    private static final Pattern QUANTISED = Pattern.compile(
            ".*(\\.(qweight|qzeros|scales|biases|g_idx|SCB|weight_format"
                    + "|weight_packed|weight_shape)|[._](absmax|nested_absmax|quant_map|quant_state\\W.*|weight_scale(_inv)?|scale_inv))");

    /** @throws InputException that names everything that differs, where the model cannot be computed as it was trained */
    void report(ModelDirectory directory) {
        String where = Quote.of(directory.path());
        List<String> adapter = unexpected.values().stream()
                .filter(n -> ADAPTER.matcher(n).matches())
                .toList();
        if (!adapter.isEmpty()) {
            throw new InputException(
                    where + ": the weights hold an adapter (LoRA or alike) that is not merged: " + some(adapter, SHOWN),
                    OtherForms.MERGE);
        }
        if (!missing.isEmpty() || !misshapen.isEmpty() || !unsupported.isEmpty()) {
            throw refusal(where);
        }
        if (!unexpected.isEmpty()) {
            directory
                    .warnings()
                    .warn(where + ": " + unexpected.size()
                            + (unexpected.size() == 1 ? " tensor is" : " tensors are")
                            + " not used by this model: " + some(List.copyOf(unexpected.values()), WARNED));
        }
    }

    private InputException refusal(String where) {
        List<String> parts = new ArrayList<>();
        add(parts, missing.stream().limit(SHOWN).map(this::withClosest).toList(), missing.size(), "missing");
        add(parts, misshapen, misshapen.size(), "of another shape");
        add(parts, unsupported, unsupported.size(), "of a dtype that is not supported");
        add(parts, quoted(List.copyOf(unexpected.values())), unexpected.size(), "unexpected");
        boolean other = 2 * missing.size() > asked && unexpected.size() > missing.size() / 2;
        String problem = other
                ? ": the weights are those of another model than config.json describes: of " + asked + " tensors "
                : ": the weights are not those that config.json describes: ";
        return new InputException(where + problem + String.join("; ", parts), hint());
    }

    private String hint() {
        boolean quantised =
                unexpected.values().stream().anyMatch(n -> QUANTISED.matcher(n).matches())
                        || unsupported.stream().anyMatch(d -> d.contains("(F8_") || d.contains("(F4"));
        if (quantised) { // the head may be what its parts stand for
            return "these look like the weights of a quantised model: " + OtherForms.UNQUANTISED;
        }
        return missing.size() == 1 && missing.getFirst().endsWith("lm_head.weight") && misshapen.isEmpty()
                ? "where the table of tokens serves as head, say \"tie_word_embeddings\": true at the top of config.json;"
                        + " else the weights were saved from the model without its head"
                : "config.json and weights belong to different models, or this variant is not supported";
    }

    private static String some(List<String> names, int shown) {
        String more = names.size() > shown ? " and " + (names.size() - shown) + " more" : "";
        return quoted(names.stream().limit(shown).toList()).stream().collect(Collectors.joining(", ")) + more;
    }

    private static List<String> quoted(List<String> names) {
        return names.stream().map(Quote::of).toList();
    }

    private static void add(List<String> parts, List<String> names, int count, String what) {
        if (count > 0) {
            String more = count > SHOWN ? " and " + (count - SHOWN) + " more" : "";
            parts.add(count + " " + what + ": "
                    + String.join(", ", names.stream().limit(SHOWN).toList()) + more);
        }
    }

    private String withClosest(String name) {
        int near = Math.max(3, name.length() / 4);
        return unexpected.entrySet().stream()
                .min(Comparator.comparingInt(e -> distance(name, e.getKey())))
                .filter(e -> distance(name, e.getKey()) <= near)
                .map(e -> Quote.of(name) + " (the file has " + Quote.of(e.getValue()) + ")")
                .orElse(Quote.of(name));
    }

    /** Levenshtein's: the least number of letters to insert, delete or replace. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(previous[j], row[j - 1]));
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
