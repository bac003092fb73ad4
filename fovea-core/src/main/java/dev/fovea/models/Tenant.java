package dev.fovea.models;

import java.util.function.Supplier;

/**
 * Whose requests a thread is working for. What is kept of one tenant's pictures and prompts is found by no other, whom the time of an
 * answer would tell that somebody has asked about the same.
 */
public final class Tenant {
    private static final ScopedValue<String> CURRENT = ScopedValue.newInstance();

    private Tenant() {}

    /** Runs a computation for a tenant. */
    public static <T> T as(String tenant, Supplier<T> computation) {
        return ScopedValue.where(CURRENT, tenant).call(computation::get);
    }

    /** The one that this thread works for; empty where nobody said. */
    static String current() {
        return CURRENT.orElse("");
    }
}
