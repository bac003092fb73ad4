package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Fetching from a server on the loopback interface. */
class DownloadTest {

    private static final byte[] BYTES = TestPictures.bytes("palette_color.png");

    private final CountDownLatch asking = new CountDownLatch(3);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/ok", exchange -> answer(exchange, 200, BYTES));
        server.createContext("/gzip", exchange -> encoded(exchange, "gzip", gzip(BYTES)));
        server.createContext("/bomb", exchange -> encoded(exchange, "gzip", gzip(new byte[BYTES.length + 1])));
        server.createContext("/damaged", exchange -> encoded(exchange, "gzip", BYTES));
        server.createContext("/careless", exchange -> encoded(exchange, "utf-8", BYTES));
        server.createContext("/br", exchange -> encoded(exchange, "br", BYTES));
        server.createContext("/moved", exchange -> redirect(exchange, "ok"));
        server.createContext("/loop", exchange -> redirect(exchange, "/loop"));
        server.createContext("/file", exchange -> redirect(exchange, "file:///etc/hostname"));
        server.createContext("/nowhere", exchange -> answer(exchange, 302, new byte[0]));
        server.createContext("/html", exchange -> answer(exchange, 200, "<html>".getBytes(StandardCharsets.UTF_8)));
        server.createContext("/endless", DownloadTest::endless);
        server.createContext("/secret", DownloadTest::secret);
        server.createContext("/slow", exchange -> slow(exchange));
        server.createContext("/together", this::together);
        server.createContext("/steering", exchange -> redirect(exchange, "ftp://me:pw@host/%1B?token=t"));
        server.setExecutor(Executors.newCachedThreadPool(r -> {
            Thread thread = new Thread(r);
            thread.setDaemon(true);
            return thread;
        }));
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

    private static void encoded(HttpExchange exchange, String encoding, byte[] body) throws IOException {
        exchange.getResponseHeaders().add("Content-Encoding", encoding);
        answer(exchange, 200, body);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    /** Answers when three ask. */
    private void together(HttpExchange exchange) throws IOException {
        asking.countDown();
        try {
            answer(exchange, asking.await(20, TimeUnit.SECONDS) ? 200 : 503, BYTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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

    /** What curl and requests send for a user and password in the address. */
    private static void secret(HttpExchange exchange) throws IOException {
        String said = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
        answer(exchange, said.equals("Basic bWU6c2VjcmV0") ? 200 : 401, BYTES);
    }

    /** Each redirect comes within a limit of its own, all of them never. */
    private static void slow(HttpExchange exchange) throws IOException {
        try {
            Thread.sleep(150);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        redirect(exchange, "/slow");
    }

    private String address(String user, String path) {
        return "http://" + user + "localhost:" + server.getAddress().getPort() + path;
    }

    @Test
    void severalAreFetchedSideBySide() {
        List<ImageSource> frames = Stream.of("/together?1", "/together?2", "/together?3")
                .map(path -> ImageSource.parse(address("", path)))
                .toList();
        VideoSource clip = MediaPolicy.TRUSTED.admit(VideoSource.of(frames));
        assertThat(clip.frames())
                .hasSize(3)
                .allMatch(frame -> frame instanceof ImageSource.Held held && Arrays.equals(held.bytes(), BYTES));
    }

    @Test
    void whatHasComeIsTold() {
        List<FetchProgress> told = new CopyOnWriteArrayList<>();
        MediaPolicy.TRUSTED
                .withFetchListener(told::add)
                .admit(ImageSource.parse(address("me:secret@", "/moved?token=t")));
        FetchProgress last = told.getLast();
        assertThat(last.isDone()).isTrue();
        assertThat(last.bytes()).isEqualTo(BYTES.length);
        assertThat(last.address()).contains("/moved").doesNotContain("secret", "token");
        assertThat(told.getFirst().isDone()).isFalse();
        assertThat(told).allMatch(p -> p.total().orElse(0) == BYTES.length);
    }

    @Test
    void ofSeveralFailuresTheFirstIsSaid() {
        List<ImageSource> frames = Stream.of("/ok", "/nowhere", "/secret")
                .map(path -> ImageSource.parse(address("", path)))
                .toList();
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> MediaPolicy.TRUSTED.admit(VideoSource.of(frames)))
                .withMessageContaining("/nowhere");
    }

    @Test
    void userAndPasswordAreSaidToTheServerAndToNobodyElse() {
        ImageSource source = ImageSource.parse(address("me:secret@", "/secret?token=t"));
        assertThat(source.decode()).isEqualTo(TestPictures.decode("palette_color.png"));
        assertThat(source.toString()).doesNotContain("secret@", "token").endsWith("/secret?…");
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> ImageSource.parse(address("me:wrong@", "/secret?token=t"))
                        .decode())
                .withMessageContainingAll("401", "save the picture")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("wrong", "token", "me:"));
    }

    @Test
    void theLimitIsOfTheWholeFetch() {
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> Download.get(
                        URI.create(address("", "/slow")),
                        MediaPolicy.TRUSTED.withTimeout(Duration.ofMillis(400)),
                        Download.MAX_BYTES))
                .withMessageContainingAll("localhost", "not done after 0.4 s");
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

    /** By the client, and by the address that was checked. */
    @Test
    void whatIsCompressedOnItsWayIsDecoded() {
        for (boolean pinned : new boolean[] {false, true}) {
            assertThat(encoded("/gzip", pinned)).isEqualTo(BYTES);
            assertThat(encoded("/careless", pinned)).isEqualTo(BYTES);
            Map.of("/bomb", "more than " + BYTES.length, "/damaged", "data are damaged", "/br", "Content-Encoding br")
                    .forEach((path, said) -> assertThatExceptionOfType(NetworkException.class)
                            .isThrownBy(() -> encoded(path, pinned))
                            .withMessageContainingAll(path, said));
        }
    }

    private byte[] encoded(String path, boolean pinned) {
        MediaPolicy policy = pinned ? MediaPolicy.UNTRUSTED : MediaPolicy.TRUSTED;
        var everywhere = new Download.Network() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                return InetAddress.getAllByName(host);
            }

            @Override
            public boolean mayAsk(InetAddress address) {
                return true;
            }
        };
        return new Download(URI.create(address("", path)), policy, BYTES.length, everywhere).run();
    }

    @Test
    void saysWhatTheServerSaid() {
        refused("/missing", "/missing", "404");
        refused("/nowhere", "302", "Location");
        refused("/loop", "3 redirects");
        refused("/file", "file:///etc/hostname", "expected an http");
        refused("/steering", "ftp://host/", "expected an http");
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
                .withMessageContainingAll("localhost:" + port, "the host refuses the connection");
    }

    private byte[] byProxies(String host, Map<String, String> environment) {
        URI uri = URI.create("http://" + host + "/ok");
        return new Download(
                        uri,
                        MediaPolicy.TRUSTED,
                        Download.MAX_BYTES,
                        InetAddress::getAllByName,
                        () -> Download.client(environment))
                .run();
    }

    @Test
    void goesThroughTheProxyThatTheEnvironmentNames() {
        String proxy = "127.0.0.1:" + server.getAddress().getPort();
        assertThat(byProxies("pictures.invalid", Map.of("HTTP_PROXY", "http://" + proxy)))
                .isEqualTo(BYTES);
        assertThat(byProxies("pictures.invalid", Map.of("all_proxy", proxy))).isEqualTo(BYTES);
        assertThat(byProxies(proxy, Map.of("http_proxy", "http://127.0.0.1:1", "no_proxy", "127.0.0.1")))
                .isEqualTo(BYTES);
    }

    @Test
    void aProxyThatCannotBeUsedIsSaid() {
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> byProxies("pictures.invalid", Map.of("http_proxy", "socks5://me:pw@127.0.0.1:1")))
                .withMessageContaining("the proxy 127.0.0.1:1 of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used")
                .withMessageNotContaining("pw");
    }
}
