package dev.fovea.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import dev.fovea.error.OptionException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A proxy that asks for a password, and what goes past it. */
class ProxiesTest {
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> told = new CopyOnWriteArrayList<>();
    private HttpServer proxy;

    @BeforeEach
    void start() throws IOException {
        proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        proxy.createContext("/", exchange -> {
            try (exchange) {
                String user = exchange.getRequestHeaders().getFirst("Proxy-Authorization");
                String expected =
                        "Basic " + Base64.getEncoder().encodeToString("me:p@ss".getBytes(StandardCharsets.UTF_8));
                asked.add(exchange.getRequestURI().toString());
                if (user != null) {
                    told.add(user);
                }
                if (!expected.equals(user)) {
                    exchange.getResponseHeaders().add("Proxy-Authenticate", "Basic realm=\"proxy\"");
                    exchange.sendResponseHeaders(407, -1);
                } else {
                    exchange.sendResponseHeaders(200, -1);
                }
            }
        });
        proxy.start();
    }

    @AfterEach
    void stop() {
        proxy.stop(0);
    }

    private int port() {
        return proxy.getAddress().getPort();
    }

    private int status(Map<String, String> environment, String address) throws IOException, InterruptedException {
        try (HttpClient client =
                Proxies.client(environment, Duration.ofSeconds(5)).build()) {
            HttpResponse<Void> response =
                    client.send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.discarding());
            assertThat(Proxies.of(environment).open(URI.create(address)).getResponseCode())
                    .as("by a connection alone")
                    .isEqualTo(response.statusCode());
            return response.statusCode();
        }
    }

    @Test
    void tellsTheProxyItsPassword() throws IOException, InterruptedException {
        String address = "http://me:p%40ss@127.0.0.1:" + port();
        assertThat(status(Map.of("HTTP_PROXY", address), "http://hub.example/api"))
                .isEqualTo(200);
        assertThat(status(Map.of("all_proxy", address), "http://hub.example/api"))
                .isEqualTo(200);
        assertThat(asked).containsOnly("http://hub.example/api");
    }

    @Test
    void tellsAWrongPasswordAFewTimes() throws IOException {
        Proxies proxies = Proxies.of(Map.of("HTTP_PROXY", "http://me:wrong@127.0.0.1:" + port()));
        for (int i = 0; i < 5; i++) {
            assertThat(proxies.open(URI.create("http://hub.example/api")).getResponseCode())
                    .isEqualTo(407);
        }
        assertThat(told).hasSizeBetween(1, 4);
    }

    @Test
    void goesPastTheProxyWhereItIsToldTo() throws IOException, InterruptedException {
        Map<String, String> environment =
                Map.of("http_proxy", "http://127.0.0.1:1", "no_proxy", "example.org, 127.0.0.1");
        assertThat(status(environment, "http://127.0.0.1:" + port() + "/x")).isEqualTo(407);
        assertThat(asked).containsExactly("/x", "/x");
    }

    @ParameterizedTest
    @CsvSource({
        "hub.example, hub.example, false",
        "a.hub.example, hub.example, false",
        "a.hub.example, .hub.example, false",
        "a.hub.example, *.hub.example, false",
        "nothub.example, hub.example, true",
        "hub.example, *, false",
        "hub.example:8080, hub.example:8080, false",
        "hub.example:8081, hub.example:8080, true",
        "hub.example, '', true"
    })
    void exempts(String host, String list, boolean proxied) {
        HttpClient client = Proxies.client(
                        Map.of("HTTP_PROXY", "proxy.example:3128", "NO_PROXY", list), Duration.ofSeconds(1))
                .build();
        boolean direct = client.proxy()
                .orElseThrow()
                .select(URI.create("http://" + host + "/"))
                .equals(List.of(java.net.Proxy.NO_PROXY));
        assertThat(!direct).isEqualTo(proxied);
        client.close();
    }

    @Test
    void namesAProxyThatCannotBeUsedWithoutItsPassword() {
        Map<String, String> environment = Map.of("ALL_PROXY", "socks5://me:secret@proxy:1080");
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> Proxies.client(environment, Duration.ofSeconds(1)))
                .withMessageContainingAll("proxy:1080", "expected http://")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }
}
