package dev.fovea.hub;

import dev.fovea.error.NetworkException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How often, and after how long, something is tried again. For one thread. */
final class Patience {
    static final int TRIES = 6;

    /** A server that wants more is believed, and not waited for. */
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private static final Set<Integer> BUSY = Set.of(408, 425, 429, 500, 502, 503, 504);

    /** Hugging Face: {@code RateLimit: "api";r=0;t=55}. */
    private static final Pattern RATE_LIMIT =
            Pattern.compile("\"\\w+\"\\s*;\\s*r\\s*=\\s*0\\s*;\\s*t\\s*=\\s*(\\d{1,9})");

    private final Duration firstWait;
    private int failures;

    Patience(Duration firstWait) {
        this.firstWait = firstWait;
    }

    /** Whether a status says that a later try may succeed. */
    static boolean isBusy(int status) {
        return BUSY.contains(status);
    }

    int failures() {
        return failures;
    }

    /** Something came: what went wrong before does not count any more. */
    void reset() {
        failures = 0;
    }

    /** Waits, longer each time. @return false where it was tried often enough */
    boolean waitFor() {
        return pause(backOff());
    }

    /**
     * Waits as long as the server wants.
     *
     * @throws NetworkException where that is too long
     */
    boolean waitFor(Answer<?> response) {
        Optional<Duration> asked = asked(response.headers(), Instant.now());
        if (asked.isPresent() && asked.get().compareTo(LONGEST) > 0) {
            throw new NetworkException(
                    "the server " + response.uri().getHost() + " is busy (HTTP status " + response.status()
                            + ") and wants to be asked again in " + asked.get().toSeconds() + " s",
                    "try again then; a token (HF_TOKEN) gets more requests through");
        }
        return pause(asked.orElseGet(this::backOff));
    }

    private Duration backOff() {
        return firstWait.multipliedBy(1L << Math.min(failures, 3));
    }

    private boolean pause(Duration wait) {
        failures++;
        if (failures >= TRIES) {
            return false;
        }
        try {
            Thread.sleep(wait);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("the download was interrupted", "what has come so far is kept", e);
        }
    }

    /** What {@code Retry-After}, seconds or a date, or the rate limit asks for. */
    static Optional<Duration> asked(HttpHeaders headers, Instant now) {
        Optional<String> limit = headers.firstValue("ratelimit");
        Matcher reset = RATE_LIMIT.matcher(limit.orElse(""));
        if (reset.find()) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(reset.group(1)) + 1));
        }
        return headers.firstValue("retry-after").map(String::strip).flatMap(value -> {
            if (value.matches("\\d{1,9}")) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(value)));
            }
            try {
                Instant until = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant();
                Duration wait = Duration.between(now, until);
                return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
            } catch (DateTimeParseException e) {
                return Optional.empty();
            }
        });
    }
}
