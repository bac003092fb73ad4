package dev.fovea.app.cli;

import dev.fovea.Hub;
import dev.fovea.LoadOptions;
import dev.fovea.ModelInfo;
import dev.fovea.error.Warnings;
import dev.fovea.hub.PullOptions;
import dev.fovea.hub.PullProgress;
import dev.fovea.hub.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Finds a model by what the user calls it, and shows how far it is where something has to be fetched. */
final class Pulling {
    private static final int BAR_WIDTH = 24;

    private final StatusLine status;
    private final boolean isShown;
    private final long start = System.nanoTime();
    private long fetched;

    private Pulling(Console console, StatusLine status) {
        this.status = status;
        this.isShown = console.progressIsRead();
    }

    /** The directory of a model, with everything that it is opened from. */
    static String directory(String model, Console console, boolean quiet) {
        return directory(model, PullOptions.DEFAULT, console, quiet);
    }

    /** The same for a command that opens a processor alone: no weights are fetched. */
    static String processorDirectory(String model, Console console, boolean quiet) {
        return directory(model, PullOptions.DEFAULT.withWeights(false), console, quiet);
    }

    static String directory(String model, PullOptions options, Console console, boolean quiet) {
        return shown(model, options, console, quiet, (o, _) -> Hub.pull(model, o))
                .toString();
    }

    /** What a model is, for which headers of weights will do. */
    static ModelInfo info(String model, Function<Warnings, LoadOptions> load, Console console, boolean quiet) {
        return shown(
                model,
                PullOptions.DEFAULT,
                console,
                quiet,
                (o, warnings) -> ModelInfo.of(model, load.apply(warnings), o));
    }

    /** Fetches anew what is damaged or missing. */
    static void repair(String model, Map<String, Verdict> verdicts, Console console, boolean quiet) {
        Path _ = shown(model, PullOptions.DEFAULT, console, quiet, (o, _) -> Hub.repair(model, o, verdicts));
    }

    private static <T> T shown(
            String model,
            PullOptions options,
            Console console,
            boolean quiet,
            BiFunction<PullOptions, Warnings, T> pull) {
        try (StatusLine status = new StatusLine(console, quiet)) {
            Pulling pulling = new Pulling(console, status);
            Warnings warnings = status.warnings();
            T pulled = pull.apply(options.withListener(pulling::show).withWarnings(warnings), warnings);
            pulling.sum(model);
            return pulled;
        }
    }

    private void show(PullProgress progress) {
        if (fetched == 0 && !isShown) {
            status.note("fetching " + progress.model() + ": " + Report.bytes(progress.totalBytes()) + " in "
                    + progress.files().size() + (progress.files().size() == 1 ? " file" : " files"));
        }
        fetched = Math.max(1, progress.totalBytes());
        status.show(line(progress));
    }

    private void sum(String model) {
        if (fetched > 0) {
            double seconds = (System.nanoTime() - start) / 1e9;
            status.note("fetched " + model + ": " + Report.bytes(fetched) + " in "
                    + time(Duration.ofMillis((long) (seconds * 1000))) + ", " + Report.bytes((long) (fetched / seconds))
                    + "/s");
        }
    }

    /** {@code [####....] 3.2 of 7.5 GB  41 MB/s  1:45 left  model-00001-of-00002.safetensors 65 %}. */
    static String line(PullProgress progress) {
        if (progress.waits()) {
            return "Waiting for another process that fetches " + progress.model();
        }
        long total = Math.max(1, progress.totalBytes());
        int filled = (int) (BAR_WIDTH * progress.doneBytes() / total);
        String file = progress.files().stream()
                .filter(f -> !f.isDone() && f.doneBytes() > 0)
                .max(Comparator.comparingLong(PullProgress.FileProgress::totalBytes))
                .map(f -> "  " + f.path() + " " + 100 * f.doneBytes() / Math.max(1, f.totalBytes()) + " %")
                .orElse("");
        return "[" + "#".repeat(filled) + ".".repeat(BAR_WIDTH - filled) + "] " + Report.bytes(progress.doneBytes())
                + " of " + Report.bytes(progress.totalBytes())
                + (progress.bytesPerSecond() > 0 ? "  " + Report.bytes((long) progress.bytesPerSecond()) + "/s" : "")
                + progress.left().map(left -> "  " + time(left) + " left").orElse("") + file;
    }

    private static String time(Duration time) {
        long seconds = Math.round(time.toMillis() / 1e3);
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}
