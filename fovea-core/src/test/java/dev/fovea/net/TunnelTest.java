package dev.fovea.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A password on the way to a server of https. Java reads once whether it may be told, so this takes a process of its own. */
class TunnelTest {
    /** Asks through the proxy that is named, and says what came. */
    static final class Client {
        public static void main(String[] args) {
            Proxies proxies = Proxies.of(Map.of("HTTPS_PROXY", args[0]));
            try {
                int status = proxies.open(URI.create("https://hub.invalid/api")).getResponseCode();
                System.out.println(status);
            } catch (IOException e) { // whatever refuses a tunnel but 407
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void tellsTheProxyItsPassword() throws IOException, InterruptedException {
        try (ServerSocket proxy = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> answer(proxy));
            Process client = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                            Client.class.getName(),
                            "http://me:p%40ss@127.0.0.1:" + proxy.getLocalPort())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String said = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(client.waitFor()).isZero();
            assertThat(said).contains("502 Reached");
        }
    }

    /** 502 to who knows the password, which is as far as a tunnel need go. */
    private static void answer(ServerSocket proxy) {
        try {
            while (true) {
                try (Socket socket = proxy.accept()) {
                    BufferedReader in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
                    boolean knows = false;
                    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                        knows |= line.equalsIgnoreCase("Proxy-Authorization: Basic bWU6cEBzcw=="); // me:p@ss
                    }
                    String status = knows ? "502 Reached" : "407 Who\r\nProxy-Authenticate: Basic realm=\"proxy\"";
                    socket.getOutputStream()
                            .write(("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // The test is over, and the proxy closed.
        }
    }
}
