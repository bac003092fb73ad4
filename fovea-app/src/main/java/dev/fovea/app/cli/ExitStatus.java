package dev.fovea.app.cli;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What a failure is to the shell and to the user. */
final class ExitStatus {
    static final int DONE = 0;
    static final int OTHER = 1;
    static final int USAGE = 2;
    static final int INPUT = 3;
    static final int MEMORY = 4;
    static final int NETWORK = 5;

    /** As a shell reports a program that SIGPIPE ended. */
    static final int READER_GONE = 141;

    private ExitStatus() {}

    static int of(Throwable failure) {
        return switch (meant(failure)) {
            case OptionException _ -> USAGE;
            case InputException _, IOException _ -> INPUT;
            case InternalError e when isLostMapping(e) -> INPUT;
            case MemoryException _, OutOfMemoryError _ -> MEMORY;
            case NetworkException _ -> NETWORK;
            case Output.ReaderGone _ -> READER_GONE;
            default -> OTHER;
        };
    }

    /** One line: what was done, found, expected. */
    static String problem(Throwable failure) {
        return switch (meant(failure)) {
            case FoveaException e -> e.problem();
            case OutOfMemoryError _ ->
                "out of memory; the Java heap may have " + (Runtime.getRuntime().maxMemory() >> 20) + " MB";
            case StackOverflowError _ -> "out of memory: something is nested too deeply";
            case InternalError e
            when isLostMapping(e) -> "a file that was being read was cut short by another program, or its disk failed";
            case LinkageError _ -> "a part of Fovea, or of a library, is missing or does not fit" + where(failure);
            case IOException e -> "reading or writing failed: " + Reason.of(e);
            default -> "internal error" + where(meant(failure));
        };
    }

    /** What to do about it; empty where nothing is known. */
    static String hint(Throwable failure) {
        return switch (meant(failure)) {
            case FoveaException e -> e.hint();
            case OutOfMemoryError _ -> "give it more with FOVEA_JAVA_OPTS=-Xmx8g, or use smaller pictures or batches";
            case InternalError e when isLostMapping(e) -> "start again when nothing writes to the model's files";
            case LinkageError _ -> "build or install it anew; --verbose shows what is missing";
            case IOException _ -> "";
            default -> "this is a bug; --verbose shows more";
        };
    }

    static String line(Throwable failure) {
        return joined(problem(failure), hint(failure));
    }

    /** The same in the words of a command line: what is wrong with an option names it as it is typed. */
    static String line(Throwable failure, OptionWords words) {
        return switch (meant(failure)) {
            case OptionException e -> joined(words.problem(e.problem()), words.hint(e.hint()));
            case MemoryException e -> joined(words.hint(e.problem()), words.hint(e.hint()));
            case InputException e -> joined(words.input(e.problem()), words.hint(e.hint()));
            default -> line(failure);
        };
    }

    private static String joined(String problem, String hint) {
        return hint.isEmpty() ? problem : problem + "; " + hint;
    }

    /** Without what threads, futures and streams wrap around it. */
    private static Throwable meant(Throwable failure) {
        boolean wraps = failure instanceof CompletionException
                || failure instanceof ExecutionException
                || failure instanceof UncheckedIOException
                || failure instanceof ExceptionInInitializerError;
        Throwable cause = failure.getCause();
        return wraps && cause != null ? meant(cause) : failure;
    }

    /** What Java makes of SIGBUS, where a mapped file ends before it should. */
    private static boolean isLostMapping(InternalError e) {
        return String.valueOf(e.getMessage()).contains("unsafe memory access");
    }

    /** The place in Fovea that it comes from, for a report. */
    private static String where(Throwable failure) {
        return Arrays.stream(failure.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("dev.fovea."))
                .findFirst()
                .map(frame -> " (" + frame.getFileName() + ", line " + frame.getLineNumber() + ")")
                .orElse("");
    }
}
