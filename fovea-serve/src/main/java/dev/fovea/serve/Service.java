package dev.fovea.serve;

import dev.fovea.BatchStats;
import dev.fovea.GenerateOptions;
import dev.fovea.Request;
import dev.fovea.error.Quote;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToDoubleFunction;

/** What all routes share. */
final class Service {
    private final ServeOptions options;
    private final Map<String, Served> models = new LinkedHashMap<>();
    private final Uploads uploads;
    private final Body body;
    private final Metrics metrics = new Metrics();
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("fovea-serve-answer-", 0).factory());

    Service(ServeOptions options) {
        this.options = options;
        this.uploads = new Uploads(options.maxFilesBytes());
        // A body is there as bytes, as text and as what the text holds.
        long heap = Runtime.getRuntime().maxMemory();
        this.body = new Body(Math.max(options.maxBodyBytes(), heap / 8));
        metrics.gauge("fovea_files_bytes", "Uploaded files that are kept", () -> (double) uploads.bytes());
        metrics.gauge("fovea_model_ready", "1 where a model is open", this, m -> m.isReady() ? 1 : 0);
        metrics.gauge("fovea_batch_rows", "Rows that are decoded together", this, of(s -> s.rows()));
        metrics.gauge(
                "fovea_batch_steps",
                "Steps so far, in each of which every row got a token or more",
                this,
                of(s -> s.steps()));
        metrics.gauge("fovea_batch_prompt_passes", "Passes over prompts so far", this, of(s -> s.promptPasses()));
        metrics.gauge(
                "fovea_prefix_hits",
                "Parts of prompts that were found from a prompt before",
                this,
                of(s -> s.prefixHits()));
        metrics.gauge("fovea_prefix_tokens", "Tokens of these parts", this, of(s -> s.prefixTokens()));
        metrics.gauge(
                "fovea_prefix_bytes",
                "Keys and values that are kept for prompts to come",
                this,
                of(s -> s.prefixBytes()));
        metrics.gauge("fovea_cache_bytes", "Keys and values of all kinds", this, of(s -> s.cacheBytes()));
        metrics.gauge(
                "fovea_encoding_hits", "Pictures and clips that were found encoded", this, of(s -> s.encodingHits()));
        metrics.gauge(
                "fovea_encoding_misses", "Pictures and clips that were encoded", this, of(s -> s.encodingMisses()));
        metrics.gauge(
                "fovea_encoding_bytes", "Encoded pictures and clips that are kept", this, of(s -> s.encodingBytes()));
        metrics.gauge("fovea_answers_running", "Answers that are being made", this, Served::running);
        metrics.gauge("fovea_answers_waiting", "Answers that wait for their turn", this, Served::waiting);
    }

    private static Metrics.Of of(ToDoubleFunction<BatchStats> value) {
        return model -> model.stats().map(value::applyAsDouble).orElse(0.0);
    }

    Metrics metrics() {
        return metrics;
    }

    void add(Served model) {
        models.put(model.id(), model);
    }

    ServeOptions options() {
        return options;
    }

    Uploads uploads() {
        return uploads;
    }

    Body body() {
        return body;
    }

    Collection<Served> models() {
        return models.values();
    }

    /** The model that a request names; where it names none, the only or first one. */
    Served model(Fields request) {
        Optional<String> name = request.string("model");
        if (name.isEmpty()) {
            return models.values().iterator().next();
        }
        return model(name.get(), "model");
    }

    Served model(String name, String param) {
        Served model = models.get(name);
        if (model == null) {
            throw new Problem(
                    404,
                    Problem.INVALID,
                    param,
                    "model_not_found",
                    "there is no model " + Quote.of(name) + "; served are " + String.join(", ", models.keySet()));
        }
        return model;
    }

    /** Starts an answer for the request that this thread handles. */
    Running start(Served model, Request request, Exchange exchange) {
        return Running.start(
                model,
                request,
                GenerateOptions.DEFAULT.withClient(exchange.client().name()).withPositionLimit(true),
                options.deadline(),
                threads,
                metrics);
    }

    Media media(Exchange exchange) {
        return new Media(uploads, exchange.client(), options.maxMedia());
    }

    Fields json(Exchange exchange) {
        return body.json(exchange.request(), options.maxBodyBytes());
    }

    void close() {
        threads.shutdown();
        uploads.close();
    }
}
