package dev.fovea.app.cli;

import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.media.FetchProgress;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A line on a terminal that says what is going on and is gone afterwards; nothing where there is no terminal. */
final class StatusLine implements AutoCloseable {
    private static final int BAR_WIDTH = 30;
    private static final String ERASE = "\r\u001b[K";

    private final Console console;
    private final Output terminal;
    private final boolean quiet;
    private final boolean shown;
    private final Warnings warnings = Warnings.to(this::note);
    private final Thread cleaner = new Thread(this::clear);
    private final long start = System.nanoTime();
    private final Map<String, FetchProgress> fetches = new HashMap<>();
    private String shownShare = "";
    private boolean visible;

    StatusLine(Console console, boolean quiet) {
        this.console = console;
        this.quiet = quiet;
        terminal = console.notes();
        shown = console.progressIsRead() && !quiet;
        if (shown) {
            Runtime.getRuntime().addShutdownHook(cleaner); // for Ctrl-C
        }
    }

    synchronized void show(String text) {
        if (shown) {
            write(ERASE + Quote.message(text));
            visible = true;
        }
    }

    /** A bar with the time that is left. */
    void showProgress(int done, int total, int before) {
        int filled = total == 0 ? BAR_WIDTH : (int) ((long) BAR_WIDTH * done / total);
        show("[" + "#".repeat(filled) + ".".repeat(BAR_WIDTH - filled) + "] " + done + "/" + total
                + left(done - before, total - done));
    }

    /** How far something is, in whole parts of a hundred. */
    void showShare(String what, double share) {
        String line = what + ": " + (int) (100 * share) + " %";
        if (!line.equals(shownShare)) {
            shownShare = line;
            show(line);
        }
    }

    /** How much has come of what is fetched side by side. */
    synchronized void showFetching(FetchProgress progress) {
        fetches.put(progress.address(), progress);
        long bytes = fetches.values().stream().mapToLong(FetchProgress::bytes).sum();
        boolean done = fetches.values().stream().allMatch(FetchProgress::isDone);
        String what = fetches.size() == 1 ? progress.address() : fetches.size() + " pictures and clips";
        String total = fetches.size() == 1 && progress.total().isPresent()
                ? " of " + Report.bytes(progress.total().getAsLong())
                : "";
        show(done ? "Looking" : "Fetching " + what + ": " + Report.bytes(bytes) + total);
    }

    private String left(int doneNow, int open) {
        if (doneNow == 0 || open == 0) {
            return "";
        }
        double each = (System.nanoTime() - start) / 1e9 / doneNow;
        long seconds = Math.round(each * open);
        return String.format(Locale.ROOT, "  %.1f s each, %d:%02d left", each, seconds / 60, seconds % 60);
    }

    synchronized void clear() {
        if (visible) {
            write(ERASE);
            visible = false;
        }
    }

    /** One line for the user, which stays; nothing where quiet is asked for. */
    void note(String text) {
        if (!quiet) {
            clear();
            console.note(text);
        }
    }

    /** Warnings as notes; usable after this line is closed too. */
    Warnings warnings() {
        return warnings;
    }

    private void write(String text) {
        terminal.print(text);
        terminal.flush();
    }

    @Override
    public void close() {
        clear();
        if (shown) {
            try {
                Runtime.getRuntime().removeShutdownHook(cleaner);
            } catch (IllegalStateException e) {
                // The JVM is going down: the hook does this line's work.
            }
        }
    }
}
