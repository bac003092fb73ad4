package dev.fovea;

import dev.fovea.generate.FinishReason;
import dev.fovea.generate.Sequence;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/** When a call's answer ends before its time, and for which of the two reasons. Used by the thread of the call. */
final class Stopping implements BooleanSupplier {
    private final GenerateOptions options;
    private boolean isLate;

    Stopping(GenerateOptions options) {
        this.options = options;
    }

    @Override
    public boolean getAsBoolean() {
        isLate = options.deadline().isPresent()
                && Instant.now().isAfter(options.deadline().get());
        return isLate || options.cancelled().getAsBoolean();
    }

    /** An answer with its reason. */
    Sequence named(Sequence s) {
        return isLate && s.reason() == FinishReason.CANCELLED
                ? new Sequence(s.row(), s.ids(), s.score(), FinishReason.DEADLINE, s.tokenLogProbs())
                : s;
    }
}
