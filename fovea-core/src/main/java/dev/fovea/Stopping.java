package dev.fovea;

import dev.fovea.error.OptionException;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.Sequence;
import dev.fovea.generate.StopRule;
import dev.fovea.text.StopStrings;
import dev.fovea.text.Tokenizer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/** When a call's answer ends before its longest, and for which reason. Used by the thread of the call. */
final class Stopping implements BooleanSupplier {
    private final GenerateOptions options;
    private final OptionalDouble maxTime;
    private final long start = System.nanoTime();
    private boolean hasPrompt;
    private boolean isLate;

    /** @param maxTime seconds from now, after which an answer ends with the token that is made then: it has one in any case */
    Stopping(GenerateOptions options, OptionalDouble maxTime) {
        this.options = options;
        this.maxTime = maxTime;
    }

    /** Says that the prompt is read, so that a token follows. */
    void read() {
        hasPrompt = true;
    }

    @Override
    public boolean getAsBoolean() {
        isLate = options.deadline().filter(Instant.now()::isAfter).isPresent() || isOutOfTime();
        return isLate || options.cancelled().getAsBoolean();
    }

    private boolean isOutOfTime() {
        return hasPrompt && maxTime.isPresent() && (System.nanoTime() - start) / 1e9 > maxTime.getAsDouble();
    }

    /**
     * The call's own rule, and the stop strings of the config.
     *
     * @param prompts a stop string may begin in one
     * @throws OptionException for stop strings without a tokenizer
     */
    StopRule rule(List<String> texts, List<int[]> prompts) {
        if (texts.isEmpty()) {
            return options.stopRule();
        }
        Tokenizer tokenizer = options.tokenizer()
                .orElseThrow(() -> new OptionException(
                        "stop_strings needs a tokenizer, which a model does not have",
                        "give GenerateOptions.withTokenizer(processor.tokenizer()), or use a Pipeline"));
        List<StopStrings> ofRow = prompts.stream()
                .map(prompt -> StopStrings.of(tokenizer, texts, prompt))
                .toList();
        return (row, ids, promptLength) -> ofRow.get(row).test(Arrays.copyOfRange(ids, promptLength, ids.length))
                || options.stopRule().stop(row, ids, promptLength);
    }

    /** An answer with its reason. */
    Sequence named(Sequence s) {
        return isLate && s.reason() == FinishReason.CANCELLED
                ? new Sequence(s.row(), s.ids(), s.score(), FinishReason.DEADLINE, s.tokenLogProbs(), s.logprobs())
                : s;
    }
}
