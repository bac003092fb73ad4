package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Fetching from a server on the loopback interface. */
class DownloadTest {

    private static final byte[] BYTES = TestPictures.bytes("palette_color.png");

    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/ok", exchange -> answer(exchange, 200, BYTES));
        server.createContext("/moved", exchange -> redirect(exchange, "ok"));
        server.createContext("/loop", exchange -> redirect(exchange, "/loop"));
        server.createContext("/file", exchange -> redirect(exchange, "file:///etc/hostname"));
        server.createContext("/nowhere", exchange -> answer(exchange, 302, new byte[0]));
        server.createContext("/html", exchange -> answer(exchange, 200, "<html>".getBytes(StandardCharsets.UTF_8)));
        server.createContext("/endless", DownloadTest::endless);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static void redirect(HttpExchange exchange, String location) throws IOException {
        exchange.getResponseHeaders().add("Location", location);
        answer(exchange, 301, new byte[0]);
    }

    /** Without a Content-Length, until the client hangs up. */
    private static void endless(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        var block = new byte[1 << 20];
        for (long sent = 0; sent <= 2 * Download.MAX_BYTES; sent += block.length) {
            exchange.getResponseBody().write(block);
        }
        exchange.close();
    }

    private ImageSource source(String path) {
        return ImageSource.parse("http://localhost:" + server.getAddress().getPort() + path);
    }

    private void refused(String path, String... parts) {
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> source(path).decode())
                .withMessageContainingAll(parts);
    }

    @Test
    void whatIsInMemoryIsFetchedOnce() {
        ImageSource held = source("/ok").inMemory();
        server.stop(0);
        assertThat(held.decode()).isEqualTo(TestPictures.decode("palette_color.png"));
        assertThat(held.toString()).startsWith("http://localhost:").endsWith("/ok");
    }

    @Test
    void fetchesAndFollows() {
        DecodedImage image = TestPictures.decode("palette_color.png");
        assertThat(source("/ok").decode()).isEqualTo(image);
        assertThat(source("/moved").decode()).isEqualTo(image);
    }

    @Test
    void saysWhatTheServerSaid() {
        refused("/missing", "/missing", "404");
        refused("/nowhere", "302", "Location");
        refused("/loop", "5 redirects");
        refused("/file", "file:///etc/hostname", "expected an http");
        refused("/endless", "/endless", "" + Download.MAX_BYTES);
    }

    @Test
    void namesTheAddressOfWhatIsNoPicture() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> source("/html").decode())
                .withMessageContainingAll("/html", "Not a picture");
    }

    @Test
    void saysThatNobodyAnswers() {
        int port = server.getAddress().getPort();
        server.stop(0);
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> Download.get(URI.create("http://localhost:" + port + "/ok")))
                .withMessageContaining("localhost:" + port);
    }
}
