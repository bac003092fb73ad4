package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.Logprob;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.FinishReason;
import dev.fovea.generate.Listener;
import dev.fovea.generate.TokenLogprob;
import dev.fovea.text.StreamingDetokenizer;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is being made, on a thread of its own: native calls hold on to a processor that other connections need, and a
 * client that takes its answer slowly must not hold up the model. What is not yet taken waits here; it is no more than an answer.
 */
final class Running implements AutoCloseable {
    /** What there is to hear. */
    sealed interface Event {}

    /** A text that has become certain, of one of the answers; and how likely the tokens since the last one were, where that is asked for. */
    record Piece(int index, String text, List<Logprob> logprobs) implements Event {}

    /** The last one. */
    record Done(Answer answer) implements Event {}

    private record Failed(Throwable failure) implements Event {}

    private record Gone() implements Event {}

    private final Served model;
    private final Pipeline pipeline;
    private final ClientInput client;
    private final Metrics metrics;
    private final long start = System.nanoTime();
    private final Instant deadline;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private volatile boolean cancelled;
    private boolean heard;

    private Running(Served model, Duration whole, Metrics metrics) {
        this.metrics = metrics;
        this.model = model;
        this.pipeline = model.pipeline();
        this.client = ClientConnection.CURRENT.get().input();
        this.deadline = Instant.now().plus(whole);
    }

    /**
     * Starts it. For the thread that handles a request, which closes it.
     *
     * @param whole how long it may take, waiting included
     * @throws Problem where the model has no place for it
     */
    static Running start(
            Served model, Request request, GenerateOptions options, Duration whole, Executor threads, Metrics metrics) {
        Running running = new Running(model, whole, metrics);
        model.enter();
        try {
            threads.execute(() -> running.run(request, options));
        } catch (RuntimeException | Error e) {
            model.leave();
            throw e;
        }
        running.client.answering(() -> {
            running.cancelled = true;
            running.events.add(new Gone());
        });
        return running;
    }

    private void run(Request request, GenerateOptions options) {
        try {
            if (model.begin(this::isOver)) {
                try {
                    events.add(new Done(answer(request, options)));
                } finally {
                    model.end();
                }
            } else {
                events.add(new Failed(late()));
            }
        } catch (Throwable e) { // the thread that waits has to hear of it, whatever it is
            events.add(new Failed(e));
        } finally {
            model.leave();
        }
    }

    private boolean isOver() {
        return cancelled || !Instant.now().isBefore(deadline);
    }

    private Answer answer(Request request, GenerateOptions options) {
        Pieces pieces = new Pieces();
        Answer answer = pipeline.answer(
                request,
                options.withCancelled(() -> cancelled).withDeadline(deadline).withListener(pieces));
        pieces.flush();
        FinishReason reason = answer.sequences().getFirst().finishReason();
        if (reason == FinishReason.CANCELLED
                || reason == FinishReason.DEADLINE && isOver()) { // or the model's max_time
            throw late();
        }
        metrics.answered(model.id(), answer);
        return answer;
    }

    /** Makes pieces of tokens as they come. */
    private final class Pieces implements Listener {
        private final List<StreamingDetokenizer> texts = new ArrayList<>();
        private final List<List<Logprob>> logprobs = new ArrayList<>();

        private void reach(int index) {
            while (texts.size() <= index) {
                texts.add(pipeline.processor().tokenizer().stream(true));
                logprobs.add(new ArrayList<>());
            }
        }

        @Override
        public void logprob(int index, TokenLogprob logprob) {
            reach(index);
            logprobs.get(index).add(Logprob.of(logprob, pipeline.processor()));
        }

        @Override
        public void token(int index, int token) {
            reach(index);
            hear(index, texts.get(index).add(token), false);
        }

        void flush() {
            for (int i = 0; i < texts.size(); i++) {
                hear(i, texts.get(i).flush(), true);
            }
        }

        private void hear(int index, String text, boolean last) {
            if (text.isEmpty() && !(last && !logprobs.get(index).isEmpty())) {
                return;
            }
            if (!heard) {
                heard = true;
                metrics.first(model.id(), (System.nanoTime() - start) / 1e9);
            }
            events.add(new Piece(index, text, List.copyOf(logprobs.get(index))));
            logprobs.get(index).clear();
        }
    }

    private static Problem late() {
        return new Problem(
                504, "server_error", null, "deadline_exceeded", "the answer took longer than this server allows");
    }

    /**
     * The next event, or null where there is none for a while.
     *
     * @throws CloseConnectionException where the client has left
     */
    @Nullable
    Event next(Duration patience) {
        Event event;
        try {
            event = events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new CloseConnectionException("the server is shutting down", e);
        }
        return switch (event) {
            case Gone _ -> throw new CloseConnectionException("the client has left");
            case Failed(Throwable failure) -> throw Problem.of(failure);
            case null, default -> event;
        };
    }

    /** The whole answer. */
    Answer await() {
        while (true) {
            if (next(Duration.ofHours(1)) instanceof Done(Answer answer)) {
                return answer;
            }
        }
    }

    /** Ends it, where it is not over. */
    @Override
    public void close() {
        cancelled = true;
        client.answered();
    }
}
