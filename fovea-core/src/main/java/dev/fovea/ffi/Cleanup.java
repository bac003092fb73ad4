package dev.fovea.ffi;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Frees several native things each of which may fail: all get their turn, and the first failure is the one that is told. */
public final class Cleanup {
    private Cleanup() {}

    /** Takes all steps, in their order; what fails first is thrown at the end, and suppresses what failed later. */
    public static void all(Runnable... steps) {
        each(List.of(steps), Runnable::run);
    }

    /** Frees each of some things, in their order; what fails first is thrown at the end, and suppresses what failed later. */
    public static <T> void each(Iterable<? extends T> things, Consumer<? super T> freeing) {
        Throwable first = null;
        for (T thing : things) {
            first = attempt(() -> freeing.accept(thing), first);
        }
        switch (first) {
            case null -> {}
            case Error e -> throw e;
            case RuntimeException e -> throw e;
            case Throwable e -> throw new IllegalStateException(e); // attempts catch no others
        }
    }

    /** Takes all steps after a failure, which the caller goes on to throw; it suppresses what fails here. */
    public static void after(Throwable failure, Runnable... steps) {
        for (Runnable step : steps) {
            attempt(step, failure);
        }
    }

    private static @Nullable Throwable attempt(Runnable step, @Nullable Throwable before) {
        try {
            step.run();
            return before;
        } catch (RuntimeException | Error e) {
            if (before == null) {
                return e;
            }
            if (e != before) {
                before.addSuppressed(e);
            }
            return before;
        }
    }
}
