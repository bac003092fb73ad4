package dev.fovea;

import dev.fovea.generate.Listener;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.generate.StopRule;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What a caller adds to a generation beside its {@link dev.fovea.generate.GenerationConfig}.
 *
 * @param listener hears each token
 * @param cancelled asked between tokens; true ends the answer with what there is
 * @param logitsProcessors run behind the built-in ones
 * @param stopRule ends an answer; stop strings of the config are added by themselves
 */
public record GenerateOptions(
        Listener listener, BooleanSupplier cancelled, List<LogitsProcessor> logitsProcessors, StopRule stopRule) {
    public static final GenerateOptions DEFAULT =
            new GenerateOptions(Listener.NONE, () -> false, List.of(), StopRule.NEVER);

    public GenerateOptions {
        logitsProcessors = List.copyOf(logitsProcessors);
    }

    public GenerateOptions withListener(Listener heard) {
        return new GenerateOptions(heard, cancelled, logitsProcessors, stopRule);
    }

    public GenerateOptions withCancelled(BooleanSupplier asked) {
        return new GenerateOptions(listener, asked, logitsProcessors, stopRule);
    }

    public GenerateOptions withLogitsProcessors(LogitsProcessor... processors) {
        return new GenerateOptions(listener, cancelled, List.of(processors), stopRule);
    }

    public GenerateOptions withStopRule(StopRule rule) {
        return new GenerateOptions(listener, cancelled, logitsProcessors, rule);
    }
}
