package dev.fovea;

import dev.fovea.generate.Listener;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.generate.StopRule;
import java.util.List;
import java.util.Objects;
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
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(cancelled, "cancelled");
        Objects.requireNonNull(logitsProcessors, "logitsProcessors");
        Objects.requireNonNull(stopRule, "stopRule");
        logitsProcessors = List.copyOf(logitsProcessors);
    }

    public GenerateOptions withListener(Listener listener) {
        return new GenerateOptions(listener, cancelled, logitsProcessors, stopRule);
    }

    public GenerateOptions withCancelled(BooleanSupplier cancelled) {
        return new GenerateOptions(listener, cancelled, logitsProcessors, stopRule);
    }

    public GenerateOptions withLogitsProcessors(LogitsProcessor... processors) {
        Objects.requireNonNull(processors, "processors");
        return new GenerateOptions(listener, cancelled, List.of(processors), stopRule);
    }

    public GenerateOptions withStopRule(StopRule stopRule) {
        return new GenerateOptions(listener, cancelled, logitsProcessors, stopRule);
    }
}
