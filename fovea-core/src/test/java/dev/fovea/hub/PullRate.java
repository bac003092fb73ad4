package dev.fovea.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.fovea.Hub;
import dev.fovea.io.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;

/**
 * The rate of a pull beside that of curl, which checks nothing, and of curl with {@code sha256sum} behind it, two files at a time: 8
 * shards from a server on this machine, by turns, into the same folder. Arguments: a folder, gigabytes in all, how often, and, where the server is to
 * be a network's end, its megabytes a second.
 *
 * <p>With {@code -Djavax.net.ssl.keyStore=K -Djavax.net.ssl.keyStorePassword=changeit} all of it goes over TLS,
 * where K was made by {@code keytool -genkeypair -keyalg EC -dname CN=localhost -ext san=ip:127.0.0.1 -storepass changeit -keystore K}.
 */
final class PullRate {
    private static final int SHARDS = 8;
    private static final byte[] BLOCK = new byte[64 << 20];

    private static final String KEYS = System.getProperty("javax.net.ssl.keyStore", "");

    private final long shardBytes;
    private final double bytesPerNano;
    private final String[] sums = new String[SHARDS];

    private long free = System.nanoTime();

    private PullRate(long shardBytes, double bytesPerNano) throws Exception {
        this.shardBytes = shardBytes;
        this.bytesPerNano = bytesPerNano;
        new Random(1).nextBytes(BLOCK);
        for (int i = 0; i < SHARDS; i++) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((byte) i);
            for (long at = 1; at < shardBytes; ) {
                int from = (int) (at % BLOCK.length);
                int n = (int) Math.min(BLOCK.length - from, shardBytes - at);
                digest.update(BLOCK, from, n);
                at += n;
            }
            sums[i] = HexFormat.of().formatHex(digest.digest());
        }
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("pull")) {
            Hub.pull("org/model");
            String status = Files.readString(Path.of("/proc/self/status"));
            System.out.println(status.lines()
                    .filter(l -> l.startsWith("VmHWM"))
                    .findFirst()
                    .orElse(""));
            return;
        }
        Path folder = Path.of(args[0]);
        double bytesPerNano = args.length > 3 ? Double.parseDouble(args[3]) / 1000 : Double.POSITIVE_INFINITY;
        new PullRate(Long.parseLong(args[1]) * 1_000_000_000L / SHARDS, bytesPerNano)
                .measure(folder, Integer.parseInt(args[2]));
    }

    private void measure(Path folder, int times) throws Exception {
        HttpServer server = server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        String address = (KEYS.isEmpty() ? "http" : "https") + "://127.0.0.1:"
                + server.getAddress().getPort();
        for (int i = 0; i < times; i++) {
            Rate curl = run(folder, curl(address, folder), Map.of());
            Rate checked = run(folder, andSums(curl(address, folder), folder), Map.of());
            Rate fovea = run(
                    folder,
                    fovea(),
                    Map.of(
                            "HF_ENDPOINT",
                            address,
                            "HF_HOME",
                            folder.resolve("home").toString()));
            System.out.printf(
                    "curl %s, curl and sha256sum %s, fovea %s: %.2f and %.2f times%n",
                    curl,
                    checked,
                    fovea,
                    fovea.megabytes() / curl.megabytes(),
                    fovea.megabytes() / checked.megabytes());
        }
        server.stop(0);
        System.exit(0);
    }

    private static HttpServer server(InetSocketAddress address) throws Exception {
        if (KEYS.isEmpty()) {
            return HttpServer.create(address, 0);
        }
        HttpsServer server = HttpsServer.create(address, 0);
        server.setHttpsConfigurator(new HttpsConfigurator(SSLContext.getDefault()));
        return server;
    }

    private static List<String> fovea() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx128m",
                "-XX:+UseSerialGC"));
        if (!KEYS.isEmpty()) {
            command.addAll(
                    List.of("-Djavax.net.ssl.trustStore=" + KEYS, "-Djavax.net.ssl.trustStorePassword=changeit"));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), PullRate.class.getName(), "pull"));
        return command;
    }

    /**
     * @param megabytes a second
     * @param seconds of a processor for a gigabyte, the server's with them
     */
    private record Rate(double megabytes, double seconds) {
        @Override
        public String toString() {
            return String.format("%.0f MB/s with %.2f s a GB", megabytes, seconds);
        }
    }

    /** Seconds of a processor that this process and its children that ended had. */
    private static double processor() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11])
                        + Long.parseLong(fields[12])
                        + Long.parseLong(fields[13])
                        + Long.parseLong(fields[14]))
                / 100.0;
    }

    private Rate run(Path folder, List<String> command, Map<String, String> environment) throws Exception {
        clear(folder);
        new ProcessBuilder("sync").start().waitFor();
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        process.environment().putAll(environment);
        double before = processor();
        long start = System.nanoTime();
        if (process.start().waitFor() != 0) {
            throw new IOException("failed: " + command);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double busy = processor() - before;
        clear(folder);
        double bytes = SHARDS * shardBytes;
        return new Rate(bytes / seconds / 1e6, busy / bytes * 1e9);
    }

    private static void clear(Path folder) throws Exception {
        new ProcessBuilder("rm", "-rf", folder.toString()).start().waitFor();
        Files.createDirectories(folder);
    }

    private static List<String> curl(String address, Path folder) {
        List<String> command = new ArrayList<>(
                List.of("curl", "-ksS", "--no-progress-meter", "-Z", "--parallel-max", "8", "--parallel-immediate"));
        for (int i = 0; i < SHARDS; i++) {
            command.addAll(List.of(
                    address + "/org/model/resolve/c/" + name(i),
                    "-o",
                    folder.resolve(name(i)).toString()));
        }
        return command;
    }

    private static List<String> andSums(List<String> curl, Path folder) {
        return List.of(
                "sh",
                "-c",
                String.join(" ", curl) + " && ls " + folder + "/*.safetensors | xargs -n 1 -P 2 sha256sum > /dev/null");
    }

    private static String name(int i) {
        return "model-0000" + (i + 1) + "-of-00008.safetensors";
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String file = path.substring(path.lastIndexOf('/') + 1);
            if (path.startsWith("/api/")) {
                text(exchange, Json.write(page()));
            } else if (file.equals("config.json")) {
                text(exchange, "{\"model_type\": \"qwen3\"}");
            } else if (file.endsWith("index.json")) {
                text(exchange, index());
            } else {
                shard(exchange, file.charAt("model-0000".length()) - '1');
            }
        }
    }

    private static void text(HttpExchange exchange, String text) throws IOException {
        HubServer.send(exchange, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    private static String index() {
        StringBuilder map = new StringBuilder();
        for (int i = 0; i < SHARDS; i++) {
            map.append(i == 0 ? "" : ", ")
                    .append("\"t")
                    .append(i)
                    .append("\": \"")
                    .append(name(i))
                    .append('"');
        }
        return "{\"weight_map\": {" + map + "}}";
    }

    private Map<String, Object> page() {
        List<Object> siblings = new ArrayList<>();
        for (String text : List.of("config.json", "model.safetensors.index.json")) {
            byte[] bytes = (text.equals("config.json") ? "{\"model_type\": \"qwen3\"}" : index())
                    .getBytes(StandardCharsets.UTF_8);
            siblings.add(Map.of("rfilename", text, "size", (long) bytes.length, "blobId", HubServer.gitSha(bytes)));
        }
        for (int i = 0; i < SHARDS; i++) {
            siblings.add(Map.of(
                    "rfilename",
                    name(i),
                    "size",
                    shardBytes,
                    "blobId",
                    "x",
                    "lfs",
                    Map.of("sha256", sums[i], "size", shardBytes)));
        }
        return Map.of("id", "org/model", "sha", "c".repeat(40), "siblings", siblings);
    }

    private void shard(HttpExchange exchange, int shard) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        long from = 0;
        long to = shardBytes;
        if (range != null) {
            String[] ends = range.substring("bytes=".length()).split("-");
            from = Long.parseLong(ends[0]);
            to = Long.parseLong(ends[1]) + 1;
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + shardBytes);
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(range == null ? 200 : 206, to - from);
        try (OutputStream out = exchange.getResponseBody()) {
            if (from == 0) {
                out.write(shard);
                from = 1;
            }
            while (from < to) {
                int at = (int) (from % BLOCK.length);
                int n = (int) Math.min(Math.min(BLOCK.length - at, to - from), 1 << 20);
                pace(n);
                out.write(BLOCK, at, n);
                from += n;
            }
        }
    }

    /** Waits until the network, which all share, has room. */
    private void pace(int n) {
        long start;
        synchronized (this) {
            start = Math.max(free, System.nanoTime());
            free = start + (long) (n / bytesPerNano);
        }
        LockSupport.parkNanos(start - System.nanoTime());
    }
}
