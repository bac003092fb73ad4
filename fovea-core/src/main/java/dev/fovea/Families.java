package dev.fovea;

import dev.fovea.error.Closest;
import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.io.ModelDirectory;
import dev.fovea.models.Family;
import dev.fovea.models.blip2.Blip2;
import dev.fovea.models.florence2.Florence2;
import dev.fovea.models.gemma3.Gemma3;
import dev.fovea.models.gemma3.Gemma3Text;
import dev.fovea.models.llava_onevision1_5.LlavaOnevision1_5;
import dev.fovea.models.opt.Opt;
import dev.fovea.models.qwen2_5_vl.Qwen2_5_VL;
import dev.fovea.models.qwen3.Qwen3;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The model families that Fovea knows. */
final class Families {
    private static final List<Family> ALL = List.of(
            new Blip2(),
            new Florence2(),
            new Gemma3(),
            new Gemma3Text(),
            new LlavaOnevision1_5(),
            new Opt(),
            new Qwen2_5_VL(),
            new Qwen3());

    private Families() {}

    /** @throws InputException for a model_type that none of them has; it lists those that are known */
    static Family of(ModelDirectory directory) {
        return of(directory.modelType(), directory.path());
    }

    static Family of(String type, Object where) {
        return ALL.stream()
                .filter(f -> f.modelTypes().contains(type))
                .findFirst()
                .orElseThrow(() -> unknown(type, where));
    }

    private static InputException unknown(String type, Object where) {
        List<String> known = ALL.stream().flatMap(f -> f.modelTypes().stream()).toList();
        return new InputException(
                Quote.of(where) + " holds a model of type \"" + Quote.of(type)
                        + "\", which Fovea does not know; known: " + String.join(", ", known),
                Closest.question(type, known));
    }

    /** Keyword arguments of generate that some family takes for its model. */
    static Set<String> modelArguments() {
        return ALL.stream().flatMap(f -> f.modelArguments().stream()).collect(Collectors.toUnmodifiableSet());
    }
}
