package dev.fovea.error;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Where is said what is odd but no error: a tensor that no layer uses, a key without effect. Each message is said once.
 *
 * <pre>{@code LoadOptions.DEFAULT.withWarnings(Warnings.to(System.err::println))}</pre>
 *
 * Shared by threads.
 */
public final class Warnings {
    /** Messages that are remembered, so that what runs for months does not grow by its warnings. */
    private static final int REMEMBERED = 1000;

    private static final Warnings LOG =
            to(message -> System.getLogger("dev.fovea").log(System.Logger.Level.WARNING, message));

    private final Consumer<String> listener;
    private final Map<String, Boolean> said = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    private Warnings(Consumer<String> listener) {
        this.listener = listener;
    }

    /** To {@link System.Logger} {@code dev.fovea}, level WARNING. */
    public static Warnings log() {
        return LOG;
    }

    /** To nobody: for a second look at what another look warns about. */
    public static Warnings none() {
        return to(_ -> {});
    }

    /** @param listener gets each message, one line, on the thread that met it */
    public static Warnings to(Consumer<String> listener) {
        Objects.requireNonNull(listener, "listener");
        return new Warnings(listener);
    }

    /** Says it, unless it was said before. */
    public void warn(String message) {
        String line = Quote.message(Objects.requireNonNull(message, "message"));
        synchronized (said) {
            if (said.put(line, true) != null) {
                return;
            }
        }
        listener.accept(line);
    }
}
