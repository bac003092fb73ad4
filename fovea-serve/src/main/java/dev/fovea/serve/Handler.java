package dev.fovea.serve;

/** Answers the requests of one route. */
@FunctionalInterface
interface Handler {
    /** @throws Problem where there is no answer; other exceptions are told to the log alone, but for Fovea's own */
    void handle(Exchange exchange);
}
