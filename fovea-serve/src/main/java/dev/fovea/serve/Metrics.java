package dev.fovea.serve;

import dev.fovea.Answer;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.function.DoubleSupplier;

/** What is counted, in Prometheus' text form at {@code /metrics}. */
final class Metrics {
    private static final double[] SECONDS = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests = Counter.builder()
            .name("fovea_requests_total")
            .help("Requests by route and status; gone: the client left before its answer")
            .labelNames("route", "status")
            .register(registry);
    private final Histogram seconds = Histogram.builder()
            .name("fovea_request_seconds")
            .help("From a request's headers to the end of its answer")
            .labelNames("route")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Histogram firstToken = Histogram.builder()
            .name("fovea_first_text_seconds")
            .help("From the start of an answer, waiting included, to its first text")
            .labelNames("model")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Counter promptTokens = Counter.builder()
            .name("fovea_prompt_tokens_total")
            .help("Tokens of prompts that were answered")
            .labelNames("model")
            .register(registry);
    private final Counter cachedTokens = Counter.builder()
            .name("fovea_cached_prompt_tokens_total")
            .help("Tokens of these prompts whose keys and values were there from a prompt before")
            .labelNames("model")
            .register(registry);
    private final Counter completionTokens = Counter.builder()
            .name("fovea_completion_tokens_total")
            .help("Tokens of answers")
            .labelNames("model")
            .register(registry);

    Metrics() {
        gauge("fovea_jvm_heap_bytes", "Java heap in use", () -> (double)
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        gauge("fovea_jvm_threads", "Platform threads", () ->
                (double) ManagementFactory.getThreadMXBean().getThreadCount());
    }

    /** A value that is asked for when somebody looks. */
    void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(value.getAsDouble()))
                .register(registry);
    }

    /** The same of each model. */
    void gauge(String name, String help, Service service, Of value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("model")
                .callback(callback -> service.models().forEach(m -> callback.call(value.of(m), m.id())))
                .register(registry);
    }

    /** A value of a model. */
    interface Of {
        double of(Served model);
    }

    void request(String route, String status, double took) {
        requests.labelValues(route, status).inc();
        seconds.labelValues(route).observe(took);
    }

    void first(String model, double took) {
        firstToken.labelValues(model).observe(took);
    }

    void answered(String model, Answer answer) {
        promptTokens.labelValues(model).inc(answer.usage().promptTokens());
        cachedTokens.labelValues(model).inc(answer.usage().cachedTokens());
        completionTokens.labelValues(model).inc(answer.usage().completionTokens());
    }

    byte[] text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
