package dev.fovea;

import dev.fovea.generate.Constraint;
import dev.fovea.generate.Listener;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.generate.StopRule;
import dev.fovea.text.Tokenizer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What a caller adds to a generation beside its {@link dev.fovea.generate.GenerationConfig}.
 *
 * @param listener hears each token
 * @param cancelled asked between tokens and between the parts of a long prompt; true ends the answer with what there is
 * @param deadline after which an answer ends with what there is, as if cancelled; its reason is then {@code DEADLINE}
 * @param logitsProcessors run behind the built-in ones
 * @param stopRule ends an answer; stop strings of the config are added by themselves
 * @param tokenizer that reads the stop strings of the config, where a {@link Model} is called; a {@link Pipeline} takes its own
 * @param client whose request it is: in a batched pipeline clients take turns, and what is kept of one's prompts and pictures is found
 *     by no other
 * @param positionLimit whether an answer ends at the model's last position; transformers goes on behind it, where no model was
 *     trained
 */
public record GenerateOptions(
        Listener listener,
        BooleanSupplier cancelled,
        Optional<Instant> deadline,
        List<LogitsProcessor> logitsProcessors,
        StopRule stopRule,
        Optional<Tokenizer> tokenizer,
        String client,
        boolean positionLimit) {
    public static final GenerateOptions DEFAULT = new GenerateOptions(
            Listener.NONE, () -> false, Optional.empty(), List.of(), StopRule.NEVER, Optional.empty(), "", false);

    public GenerateOptions {
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(cancelled, "cancelled");
        Objects.requireNonNull(deadline, "deadline");
        Objects.requireNonNull(logitsProcessors, "logitsProcessors");
        Objects.requireNonNull(stopRule, "stopRule");
        Objects.requireNonNull(tokenizer, "tokenizer");
        Objects.requireNonNull(client, "client");
        logitsProcessors = List.copyOf(logitsProcessors);
    }

    public GenerateOptions withListener(Listener listener) {
        return new GenerateOptions(
                listener, cancelled, deadline, logitsProcessors, stopRule, tokenizer, client, positionLimit);
    }

    public GenerateOptions withCancelled(BooleanSupplier cancelled) {
        return new GenerateOptions(
                listener, cancelled, deadline, logitsProcessors, stopRule, tokenizer, client, positionLimit);
    }

    public GenerateOptions withDeadline(Instant deadline) {
        Objects.requireNonNull(deadline, "deadline");
        return new GenerateOptions(
                listener,
                cancelled,
                Optional.of(deadline),
                logitsProcessors,
                stopRule,
                tokenizer,
                client,
                positionLimit);
    }

    public GenerateOptions withLogitsProcessors(LogitsProcessor... processors) {
        Objects.requireNonNull(processors, "processors");
        return new GenerateOptions(
                listener, cancelled, deadline, List.of(processors), stopRule, tokenizer, client, positionLimit);
    }

    /** Adds the constraint to the processors and to the stop rule. */
    public GenerateOptions withConstraint(Constraint constraint) {
        Objects.requireNonNull(constraint, "constraint");
        List<LogitsProcessor> processors = new ArrayList<>(logitsProcessors);
        processors.add(constraint);
        StopRule other = stopRule;
        return withLogitsProcessors(processors.toArray(LogitsProcessor[]::new))
                .withStopRule((row, ids, promptLength) ->
                        constraint.stop(row, ids, promptLength) || other.stop(row, ids, promptLength));
    }

    public GenerateOptions withStopRule(StopRule stopRule) {
        return new GenerateOptions(
                listener, cancelled, deadline, logitsProcessors, stopRule, tokenizer, client, positionLimit);
    }

    /** {@code generate(…, tokenizer=processor.tokenizer)}. */
    public GenerateOptions withTokenizer(Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        return new GenerateOptions(
                listener,
                cancelled,
                deadline,
                logitsProcessors,
                stopRule,
                Optional.of(tokenizer),
                client,
                positionLimit);
    }

    public GenerateOptions withClient(String client) {
        return new GenerateOptions(
                listener, cancelled, deadline, logitsProcessors, stopRule, tokenizer, client, positionLimit);
    }

    public GenerateOptions withPositionLimit(boolean positionLimit) {
        return new GenerateOptions(
                listener, cancelled, deadline, logitsProcessors, stopRule, tokenizer, client, positionLimit);
    }
}
