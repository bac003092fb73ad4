package dev.fovea.serve;

/** The playground at {@code /}: one file that asks nobody but this server. */
final class Page {
    private Page() {}

    static void send(Exchange exchange, byte[] page) {
        exchange.header(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self';"
                        + " img-src 'self' data: blob:; media-src data: blob:; form-action 'none'; base-uri 'none';"
                        + " frame-ancestors 'none'");
        exchange.header("Referrer-Policy", "no-referrer");
        exchange.header("Cache-Control", "no-cache");
        exchange.send(200, "text/html; charset=utf-8", page);
    }
}
