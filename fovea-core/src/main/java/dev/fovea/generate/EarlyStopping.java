package dev.fovea.generate;

import java.util.Locale;

/** When a beam search ends: transformers' {@code early_stopping}. */
public enum EarlyStopping {
    /** As soon as as many answers as beams are finished. */
    TRUE,
    /** When the best running beam, judged at its present length, cannot beat the worst finished answer. */
    FALSE,
    /** When no running beam can beat the worst finished answer at any length. */
    NEVER;

    /** The value in JSON: true, false or "never". */
    Object json() {
        return this == NEVER ? "never" : (Object) (this == TRUE);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
