package dev.fovea.serve;

import dev.fovea.error.BusyException;
import dev.fovea.error.ClosedException;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import dev.fovea.error.PromptLengthException;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Why a request gets no answer: the status, and what OpenAI's clients read in {@code error}. */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    static final String INVALID = "invalid_request_error";
    private static final String SERVER = "server_error";

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;
    private final int retryAfterSeconds;

    private Problem(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            String message,
            int retryAfterSeconds,
            @Nullable Throwable cause) {
        super(Quote.message(message), cause);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    Problem(int status, String type, @Nullable String param, @Nullable String code, String message) {
        this(status, type, param, code, message, 0, null);
    }

    /** A key of the request that cannot be taken as it is. */
    static Problem of(String param, String message) {
        return new Problem(400, INVALID, param, null, message);
    }

    /** A key of the request that this server or this model cannot honour. */
    static Problem unsupported(String param, String message) {
        return new Problem(400, INVALID, param, "unsupported_parameter", message);
    }

    static Problem tooLarge(String message) {
        return new Problem(413, INVALID, null, "request_too_large", message);
    }

    /** More is asked for at once than is taken. */
    static Problem busy(String message, int retryAfterSeconds) {
        return new Problem(429, "rate_limit_error", null, "rate_limit_exceeded", message, retryAfterSeconds, null);
    }

    /** It will be otherwise in a moment. */
    static Problem unavailable(String code, String message, int retryAfterSeconds) {
        return new Problem(503, SERVER, null, code, message, retryAfterSeconds, null);
    }

    /** What a failure is to a client. What is not about its request stays in the server's log. */
    static Problem of(Throwable failure) {
        return switch (failure) {
            case Problem p -> p;
            case BusyException e ->
                busy(e.getMessage(), (int) Math.max(1, e.retryAfter().toSeconds()));
            case OptionException e -> failed(400, INVALID, "invalid_option", e);
            case PromptLengthException e -> failed(400, INVALID, "context_length_exceeded", e);
            case InputException e -> failed(400, INVALID, "invalid_input", e);
            case NetworkException e -> failed(400, INVALID, "media_unavailable", e);
            case MemoryException e -> failed(503, SERVER, "out_of_memory", e);
            case ClosedException _ -> unavailable("shutting_down", "the server is shutting down", 5);
            default ->
                new Problem(
                        500,
                        SERVER,
                        null,
                        "internal_error",
                        "the server failed; its log says why, under this request's id",
                        0,
                        failure);
        };
    }

    private static Problem failed(int status, String type, String code, FoveaException e) {
        return new Problem(status, type, null, code, e.getMessage(), 0, e);
    }

    int status() {
        return status;
    }

    /** 0 where nothing is said. */
    int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /** Whether only the log may say what happened. */
    boolean isInternal() {
        return status == 500;
    }

    /** {@code {"error": {"message", "type", "param", "code"}}}. */
    String json() {
        return Json.write(Map.of("error", error()));
    }

    Map<String, @Nullable Object> error() {
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", getMessage());
        error.put("type", type);
        error.put("param", param);
        error.put("code", code);
        return error;
    }
}
