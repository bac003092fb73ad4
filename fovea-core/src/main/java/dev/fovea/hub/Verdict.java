package dev.fovea.hub;

/** What a file of a cache is beside what the hub has. */
public enum Verdict {
    /** Its bytes have the sum that the hub names. */
    SOUND,
    /** They have another. */
    DAMAGED,
    /** It is needed, and is not there. */
    MISSING,
    /** No sum is known for it. */
    UNKNOWN
}
