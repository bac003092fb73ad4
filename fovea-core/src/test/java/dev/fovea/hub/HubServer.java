package dev.fovea.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fovea.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Speaks the protocols of huggingface.co and of modelscope.cn, and of the file stores that both send to. Faults are put in front of
 * the answers.
 */
final class HubServer implements AutoCloseable {
    /** What goes wrong: takes a request and answers it, or leaves it. */
    interface Fault {
        boolean takes(HttpExchange exchange, boolean ofStore) throws IOException;
    }

    /** A model with its files; large ones are in the other store. */
    static final class Repo {
        final Map<String, byte[]> files = new TreeMap<>();
        final Map<String, Object> page = new LinkedHashMap<>();
        final List<String> revisions = new ArrayList<>(List.of("main", "master"));
        boolean isPrivate;
        boolean isGated;

        Repo file(String path, byte[] bytes) {
            files.put(path, bytes);
            return this;
        }

        Repo file(String path, String text) {
            return file(path, text.getBytes(StandardCharsets.UTF_8));
        }

        String commit() {
            StringBuilder all = new StringBuilder();
            files.forEach((path, bytes) -> all.append(path).append(sha("SHA-256", bytes)));
            return sha("SHA-1", all.toString().getBytes(StandardCharsets.UTF_8));
        }

        static boolean isLarge(String path) {
            return path.endsWith(".safetensors") || path.endsWith(".bin") || path.endsWith(".gguf");
        }
    }

    final Map<String, Repo> repos = new ConcurrentHashMap<>();
    final Map<String, String> renamed = new ConcurrentHashMap<>();
    final List<Fault> faults = new CopyOnWriteArrayList<>();

    /** {@code GET /path}, with {@code *} behind it where a token came along. */
    final List<String> hubRequests = new CopyOnWriteArrayList<>();

    final List<String> storeRequests = new CopyOnWriteArrayList<>();
    volatile boolean namesAlone;

    /** What all bodies are compressed by, whatever is asked for; gzip, or another one by name alone. */
    volatile String compression = "";

    volatile String acceptedToken = "hf_good";
    private final Map<String, byte[]> stored = new ConcurrentHashMap<>();
    private final HttpServer hub;
    private final HttpServer store;

    HubServer() throws IOException {
        hub = server();
        store = server();
        hub.createContext("/", exchange -> answer(exchange, false));
        store.createContext("/", exchange -> answer(exchange, true));
        hub.start();
        store.start();
    }

    private static HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        return server;
    }

    Repo repo(String name) {
        return repos.computeIfAbsent(name, _ -> new Repo());
    }

    String address() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    private void answer(HttpExchange exchange, boolean ofStore) throws IOException {
        boolean withToken = exchange.getRequestHeaders().containsKey("Authorization")
                || exchange.getRequestHeaders().containsKey("Cookie");
        (ofStore ? storeRequests : hubRequests)
                .add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + (withToken ? "*" : ""));
        try (exchange) {
            if (!compression.isEmpty()) {
                exchange.getResponseHeaders().set("Content-Encoding", compression);
            }
            for (Fault fault : faults) {
                if (fault.takes(exchange, ofStore)) {
                    return;
                }
            }
            if (ofStore) {
                send(exchange, stored.get(exchange.getRequestURI().getPath()), Map.of());
            } else if (exchange.getRequestURI().getPath().startsWith("/api/v1/")) {
                modelScope(exchange);
            } else {
                huggingFace(exchange);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------- Hugging Face

    private void huggingFace(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        String token = exchange.getRequestHeaders().getFirst("Authorization");
        if (token != null && !token.equals("Bearer " + acceptedToken)) {
            refuse(exchange, 401, "", "Invalid credentials in Authorization header");
            return;
        }
        boolean ofApi = path.startsWith("/api/models/");
        String[] parts = (ofApi ? path.substring("/api/models/".length()) : path.substring(1)).split("/", 5);
        String name = parts[0] + "/" + parts[1];
        if (renamed.containsKey(name)) {
            exchange.getResponseHeaders().add("Location", path.replace(name, renamed.get(name)) + query(exchange));
            exchange.sendResponseHeaders(307, -1);
            return;
        }
        Repo repo = repos.get(name);
        if (repo == null || (repo.isPrivate && token == null)) {
            refuse(exchange, 401, "RepoNotFound", "Repository not found");
            return;
        }
        if (ofApi && parts[2].equals("tree")) {
            List<Object> tree = new ArrayList<>();
            repo.files.forEach((file, bytes) -> tree.add(entry(file, bytes)));
            sendJson(exchange, tree);
            return;
        }
        String revision = URLDecoder.decode(parts[3], StandardCharsets.UTF_8);
        if (!repo.revisions.contains(revision) && !repo.commit().equals(revision)) {
            refuse(exchange, 404, "RevisionNotFound", "Invalid rev id: " + revision);
        } else if (ofApi) {
            sendJson(exchange, page(name, repo));
        } else if (repo.isGated && token == null) {
            refuse(exchange, 401, "GatedRepo", "Access to model " + name + " is restricted.");
        } else {
            resolve(exchange, repo, URLDecoder.decode(parts[4], StandardCharsets.UTF_8));
        }
    }

    private static String query(HttpExchange exchange) {
        String query = exchange.getRequestURI().getRawQuery();
        return query == null ? "" : "?" + query;
    }

    private Map<String, Object> page(String name, Repo repo) {
        List<Object> siblings = new ArrayList<>();
        repo.files.forEach((path, bytes) -> {
            Map<String, Object> sibling = new LinkedHashMap<>();
            sibling.put("rfilename", path);
            if (!namesAlone) {
                sibling.put("size", (long) bytes.length);
                sibling.put("blobId", gitSha(bytes));
                if (Repo.isLarge(path)) {
                    sibling.put(
                            "lfs",
                            Map.of("sha256", sha("SHA-256", bytes), "size", (long) bytes.length, "pointerSize", 135));
                }
            }
            siblings.add(sibling);
        });
        Map<String, Object> page = new LinkedHashMap<>(repo.page);
        page.put("id", name);
        page.put("sha", repo.commit());
        page.put("siblings", siblings);
        return page;
    }

    private static Map<String, Object> entry(String path, byte[] bytes) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("type", "file");
        entry.put("path", path);
        entry.put("size", (long) bytes.length);
        entry.put("oid", gitSha(bytes));
        if (Repo.isLarge(path)) {
            long size = bytes.length;
            entry.put("lfs", Map.of("oid", sha("SHA-256", bytes), "size", size, "pointerSize", 135));
        }
        return entry;
    }

    private void resolve(HttpExchange exchange, Repo repo, String path) throws IOException {
        byte[] bytes = repo.files.get(path);
        exchange.getResponseHeaders().add("X-Repo-Commit", repo.commit());
        if (bytes == null) {
            refuse(exchange, 404, "EntryNotFound", "Entry not found");
        } else if (Repo.isLarge(path)) {
            String sum = sha("SHA-256", bytes);
            exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + sum + "\"");
            exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(bytes.length));
            redirectToStore(exchange, sum, bytes);
        } else {
            send(exchange, bytes, Map.of("ETag", "\"" + gitSha(bytes) + "\""));
        }
    }

    private void redirectToStore(HttpExchange exchange, String name, byte[] bytes) throws IOException {
        stored.put("/" + name, bytes);
        exchange.getResponseHeaders()
                .add("Location", "http://127.0.0.1:" + store.getAddress().getPort() + "/" + name + "?signature=secret");
        exchange.sendResponseHeaders(302, -1);
    }

    // --------------------------------------------------------------------------------------------------- ModelScope

    private void modelScope(HttpExchange exchange) throws IOException {
        URI uri = exchange.getRequestURI();
        String[] parts = uri.getPath().split("/");
        Repo repo = repos.get(parts[4] + "/" + parts[5]);
        Map<String, String> query = new LinkedHashMap<>();
        for (String pair : uri.getRawQuery().split("&")) {
            String[] both = pair.split("=", 2);
            query.put(both[0], URLDecoder.decode(both[1], StandardCharsets.UTF_8));
        }
        if (repo == null || !repo.revisions.contains(query.get("Revision"))) {
            exchange.sendResponseHeaders(404, -1);
        } else if (uri.getPath().endsWith("/repo/files")) {
            List<Object> files = new ArrayList<>();
            repo.files.forEach((path, bytes) -> files.add(Map.of(
                    "Path", path, "Type", "blob", "Size", (long) bytes.length, "Sha256", sha("SHA-256", bytes))));
            sendJson(exchange, Map.of("Code", 200L, "Success", true, "Data", Map.of("Files", files)));
        } else {
            byte[] bytes = repo.files.get(query.get("FilePath"));
            if (bytes == null) {
                exchange.sendResponseHeaders(404, -1);
            } else if (Repo.isLarge(String.valueOf(query.get("FilePath")))) {
                redirectToStore(exchange, sha("SHA-256", bytes), bytes);
            } else {
                send(exchange, bytes, Map.of());
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- answers

    /** Bytes, or the range that is asked for. */
    static void send(HttpExchange exchange, byte @Nullable [] bytes, Map<String, String> headers) throws IOException {
        headers.forEach(exchange.getResponseHeaders()::add);
        if (bytes == null) {
            exchange.sendResponseHeaders(403, -1);
            return;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = 0;
        int to = bytes.length;
        if (range != null) {
            String[] ends = range.substring("bytes=".length()).split("-", -1);
            from = Integer.parseInt(ends[0]);
            to = ends[1].isEmpty() ? to : Math.min(to, Integer.parseInt(ends[1]) + 1);
            if (from >= bytes.length) {
                exchange.getResponseHeaders().add("Content-Range", "bytes */" + bytes.length);
                exchange.sendResponseHeaders(416, -1);
                return;
            }
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("Content-Length", Integer.toString(to - from));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        byte[] body = "gzip".equals(exchange.getResponseHeaders().getFirst("Content-Encoding")) ? gzip(bytes) : bytes;
        to = body == bytes ? to : range == null ? body.length : Math.min(to, body.length);
        exchange.sendResponseHeaders(range == null ? 200 : 206, to == from ? -1 : to - from);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body, from, to - from);
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    static void sendJson(HttpExchange exchange, Object json) throws IOException {
        send(exchange, Json.write(json).getBytes(StandardCharsets.UTF_8), Map.of("Content-Type", "application/json"));
    }

    static void refuse(HttpExchange exchange, int status, String code, String message) throws IOException {
        if (!code.isEmpty()) {
            exchange.getResponseHeaders().add("X-Error-Code", code);
        }
        exchange.getResponseHeaders().add("X-Error-Message", message);
        exchange.sendResponseHeaders(status, -1);
    }

    /** All of it, whatever is asked for. */
    static void sendWhole(HttpExchange exchange, byte[] bytes) throws IOException {
        exchange.sendResponseHeaders(200, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    static String gitSha(byte[] bytes) {
        return SUMS.computeIfAbsent(bytes, _ -> new ConcurrentHashMap<>()).computeIfAbsent("git", _ -> {
            byte[] header = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.UTF_8);
            return computed("SHA-1", header, bytes);
        });
    }

    private static final Map<byte[], Map<String, String>> SUMS =
            java.util.Collections.synchronizedMap(new java.util.IdentityHashMap<>());

    static String sha(String algorithm, byte[] bytes) {
        return SUMS.computeIfAbsent(bytes, _ -> new ConcurrentHashMap<>())
                .computeIfAbsent(algorithm, a -> computed(a, new byte[0], bytes));
    }

    private static String computed(String algorithm, byte[] header, byte[] bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(header);
            return HexFormat.of().formatHex(digest.digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        store.stop(0);
    }
}
