package dev.fovea.app.cli;

import dev.fovea.error.FoveaException;
import dev.fovea.error.Reason;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** stdout or stderr, in UTF-8 whatever the locale says. It remembers why it failed, which a {@link PrintStream} does not. */
class Output extends PrintStream {
    private final Watched watched;

    Output(OutputStream stream) {
        this(new Watched(stream));
    }

    private Output(Watched watched) {
        super(watched, false, StandardCharsets.UTF_8);
        this.watched = watched;
    }

    /**
     * Lets all through that was written.
     *
     * @throws ReaderGone where nobody reads it any more
     * @throws FoveaException where it cannot be written for another reason
     */
    void check() {
        if (checkError()) {
            IOException failure = watched.failure;
            if (failure != null
                    && String.valueOf(failure.getMessage())
                            .toLowerCase(Locale.ROOT)
                            .contains("broken pipe")) {
                throw new ReaderGone();
            }
            throw new FoveaException(
                    "cannot write to stdout: " + (failure == null ? "it was closed" : Reason.of(failure)), "", failure);
        }
    }

    /** What reads the answers has read enough and is gone, as {@code head}: no failure, and nothing to say. */
    static final class ReaderGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private ReaderGone() {
            super("nobody reads stdout", null, false, false);
        }
    }

    private static final class Watched extends FilterOutputStream {
        private @Nullable IOException failure;

        Watched(OutputStream stream) {
            super(stream);
        }

        @Override
        public void write(int b) throws IOException {
            watch(() -> out.write(b));
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            watch(() -> out.write(bytes, from, count));
        }

        @Override
        public void flush() throws IOException {
            watch(out::flush);
        }

        private void watch(Writing writing) throws IOException {
            try {
                writing.run();
            } catch (IOException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }

        private interface Writing {
            void run() throws IOException;
        }
    }
}
