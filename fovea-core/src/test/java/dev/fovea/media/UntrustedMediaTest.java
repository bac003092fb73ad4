package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What strangers may make a server open. A server on the loopback interface plays the internet, and its names are made up here. */
class UntrustedMediaTest {
    private static final byte[] BYTES = TestPictures.bytes("palette_color.png");
    private static final MediaPolicy POLICY = MediaPolicy.UNTRUSTED.withTimeout(Duration.ofSeconds(5));

    @TempDir
    Path folder;

    private HttpServer server;
    private int lookups;

    /** 127.0.0.1 counts as public here, and 127.0.0.2 does not. */
    private final Download.Network network = new Download.Network() {
        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            lookups++;
            return switch (host) {
                case "public.example" -> new InetAddress[] {address(1)};
                case "private.example" -> new InetAddress[] {address(2)};
                case "both.example" -> new InetAddress[] {address(1), address(2)};
                default -> throw new UnknownHostException(host);
            };
        }

        @Override
        public boolean mayAsk(InetAddress address) {
            return address.getHostAddress().equals("127.0.0.1");
        }
    };

    private static InetAddress address(int last) throws UnknownHostException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(address(1), 0), 0);
        server.createContext("/ok", exchange -> answer(exchange, 200, BYTES, BYTES.length));
        server.createContext("/chunks", exchange -> answer(exchange, 200, BYTES, 0));
        server.createContext("/moved", exchange -> redirect(exchange, "/ok"));
        server.createContext("/loop", exchange -> redirect(exchange, "/loop"));
        server.createContext("/inside", exchange -> redirect(exchange, address("private.example", "/ok")));
        server.createContext("/scheme", exchange -> redirect(exchange, "file:///etc/hostname"));
        server.createContext("/large", exchange -> answer(exchange, 200, new byte[5000], 5000));
        server.createContext("/endless", exchange -> answer(exchange, 200, new byte[1 << 20], 0));
        server.createContext("/slow", UntrustedMediaTest::slow);
        server.createContext("/missing", exchange -> answer(exchange, 404, new byte[1], 1));
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

    private static void answer(HttpExchange exchange, int status, byte[] body, int length) throws IOException {
        exchange.sendResponseHeaders(status, length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static void redirect(HttpExchange exchange, String location) throws IOException {
        exchange.getResponseHeaders().add("Location", location);
        exchange.sendResponseHeaders(302, -1);
        exchange.close();
    }

    /** A byte at a time, for ever. */
    private static void slow(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try {
            for (int i = 0; i < 200; i++) {
                exchange.getResponseBody().write(1);
                exchange.getResponseBody().flush();
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    private String address(String host, String path) {
        return "http://" + host + ":" + server.getAddress().getPort() + path;
    }

    private byte[] fetch(String host, String path) {
        return fetch(host, path, POLICY, 4000);
    }

    private byte[] fetch(String host, String path, MediaPolicy policy, long maxBytes) {
        return new Download(URI.create(address(host, path)), policy, maxBytes, network).run();
    }

    @Test
    void fetchesFromTheAddressThatWasChecked() {
        assertThat(fetch("public.example", "/ok")).isEqualTo(BYTES);
        assertThat(lookups).isEqualTo(1);
        assertThat(fetch("public.example", "/chunks")).isEqualTo(BYTES);
        assertThat(fetch("public.example", "/moved")).isEqualTo(BYTES);
    }

    @Test
    void refusesWhatLeadsInside() {
        refused(() -> fetch("private.example", "/ok"), "private.example", "127.0.0.2", "no public address");
        refused(() -> fetch("both.example", "/ok"), "127.0.0.2", "no public address");
        refused(() -> fetch("public.example", "/inside"), "private.example", "127.0.0.2", "no public address");
        refused(() -> fetch("public.example", "/scheme"), "file:///etc/hostname", "expected an http");
        refused(() -> fetch("me:pw@public.example", "/ok"), "names a user");
        refused(() -> POLICY.admit(ImageSource.parse(address("localhost", "/ok"))), "localhost", "no public address");
        refused(() -> POLICY.admit(ImageSource.parse("http://2130706433/x.png")), "127.0.0.1", "no public address");
    }

    @Test
    void refusesWhatIsTooMuch() {
        refused(() -> fetch("public.example", "/loop"), "more than 3 redirects");
        refused(() -> fetch("public.example", "/large"), "more than 4000 bytes");
        refused(() -> fetch("public.example", "/endless"), "more than 4000 bytes");
        refused(
                () -> fetch("public.example", "/slow", POLICY.withTimeout(Duration.ofMillis(400)), 4000),
                "not done after 0.4 s");
        refused(() -> fetch("public.example", "/missing"), "404");
        refused(() -> fetch("nowhere.example", "/ok"), "no host of this name");
    }

    @Test
    void hostsAndSchemes() {
        MediaPolicy one = POLICY.withHosts("public.example");
        assertThat(fetch("public.example", "/ok", one, 4000)).isEqualTo(BYTES);
        refused(() -> fetch("both.example", "/ok", one, 4000), "both.example", "none of those");
        refused(() -> fetch("public.example", "/ok", POLICY.withSchemes("https"), 4000), "http sources are not open");
        refused(() -> POLICY.withSchemes("https").admit(ImageSource.of(BYTES)), "data sources are not open");
    }

    @Test
    void filesBelowTheNamedFoldersAlone() throws IOException {
        Path open = Files.createDirectory(folder.resolve("open"));
        Path inside = Files.write(open.resolve("a.png"), BYTES);
        Path outside = Files.write(folder.resolve("b.png"), BYTES);
        Path link = Files.createSymbolicLink(open.resolve("c.png"), outside);
        MediaPolicy policy = POLICY.withFolders(open);
        assertThat(policy.admit(ImageSource.of(inside)).decode()).isEqualTo(TestPictures.decode("palette_color.png"));
        refused(() -> policy.admit(ImageSource.of(outside)), "b.png", "none of the folders");
        refused(() -> policy.admit(ImageSource.of(link)), "c.png", "none of the folders");
        refused(() -> policy.admit(ImageSource.of(open.resolve("../b.png"))), "none of the folders");
        refused(() -> policy.admit(VideoSource.of(folder)), "none of the folders");
        refused(() -> POLICY.admit(ImageSource.of(inside)), "file sources are not open");
        refused(() -> POLICY.admit(VideoSource.of(open)), "file sources are not open");
        assertThat(MediaPolicy.TRUSTED.admit(ImageSource.of(outside)).decode().width())
                .isPositive();
    }

    @Test
    void limitsOfSizeAndNumber() {
        refused(() -> POLICY.withMaxBytes(10).admit(ImageSource.of(BYTES)), "at most 10");
        VideoSource three =
                VideoSource.of(List.of(ImageSource.of(BYTES), ImageSource.of(BYTES), ImageSource.of(BYTES)));
        refused(() -> POLICY.withMaxFrames(2).admit(three), "3 frames", "at most 2");
        assertThat(POLICY.withMaxFrames(3).admit(three).frames()).hasSize(3);
        DecodedImage held = TestPictures.decode("palette_color.png");
        assertThat(POLICY.withSchemes("https").admit(held)).isSameAs(held);
    }

    @ParameterizedTest
    @CsvSource({
        "8.8.8.8, true",
        "127.0.0.1, false",
        "10.1.2.3, false",
        "172.16.0.1, false",
        "172.32.0.1, true",
        "192.168.0.1, false",
        "169.254.169.254, false",
        "100.64.0.1, false",
        "100.128.0.1, true",
        "0.0.0.0, false",
        "0.1.2.3, false",
        "192.0.0.1, false",
        "198.18.0.1, false",
        "203.0.113.5, false",
        "224.0.0.1, false",
        "255.255.255.255, false",
        "2606:4700::1, true",
        "::1, false",
        "::, false",
        "fe80::1, false",
        "fd00::1, false",
        "64:ff9b::7f00:1, false",
        "2002:7f00:1::, false",
        "2001:0:1::, false",
        "2001:db8::1, false",
        "::ffff:127.0.0.1, false",
        "ff02::1, false"
    })
    void publicAddresses(String address, boolean isPublic) throws UnknownHostException {
        assertThat(Addresses.isPublic(InetAddress.getByName(address))).isEqualTo(isPublic);
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatExceptionOfType(FoveaException.class)
                .isThrownBy(call)
                .withMessageContainingAll(parts)
                .isInstanceOfAny(InputException.class, NetworkException.class);
    }
}
