package dev.fovea.generate;

/** Why an answer ended. */
public enum FinishReason {
    /** An end-of-sequence token or a stop rule. */
    STOP,
    /** The length limit. */
    LENGTH,
    /** The caller cancelled; the answer is what there was. */
    CANCELLED,
    /** The caller's deadline or max_time passed; the answer is what there was. */
    DEADLINE
}
