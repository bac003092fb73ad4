package dev.fovea.serve;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Uploaded pictures and clips, until they are deleted or the server stops: in a folder of its own, each its client's alone. */
final class Uploads implements AutoCloseable {
    /** Brands of ISO media files that hold pictures. */
    private static final Set<String> PICTURES = Set.of("avif", "avis", "heic", "heix", "mif1", "msf1");

    private static final SecureRandom RANDOM = new SecureRandom();

    /** An uploaded file. */
    record Stored(
            String id,
            String name,
            String purpose,
            long bytes,
            long created,
            String client,
            boolean isClip,
            Path path) {
        Map<String, @Nullable Object> toMap() {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("id", id);
            map.put("object", "file");
            map.put("bytes", bytes);
            map.put("created_at", created);
            map.put("filename", name);
            map.put("purpose", purpose);
            map.put("status", "processed");
            return map;
        }
    }

    private final long most;
    private final Map<String, Stored> stored = new LinkedHashMap<>();
    private long bytes;
    private @Nullable Path folder;

    /** @param most bytes of all files together */
    Uploads(long most) {
        this.most = most;
    }

    /** An id that nobody guesses. */
    static String id(String prefix) {
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        return prefix + HexFormat.of().formatHex(random);
    }

    synchronized Stored add(String name, String purpose, byte[] content, Clients.Client client) {
        if (content.length == 0) {
            throw Problem.of("file", "the file is empty");
        }
        if (bytes + content.length > most) {
            throw new Problem(
                    507,
                    "server_error",
                    "file",
                    "storage_full",
                    "the server keeps " + bytes + " bytes of files, and takes " + most + " at most; delete some");
        }
        String id = id("file-");
        try {
            Path path = folder().resolve(id);
            Files.write(path, content);
            Stored file = new Stored(
                    id,
                    name,
                    purpose,
                    content.length,
                    System.currentTimeMillis() / 1000,
                    client.name(),
                    isClip(content),
                    path);
            stored.put(id, file);
            bytes += content.length;
            return file;
        } catch (IOException e) {
            throw InputException.cannot("keep", "an uploaded file", e);
        }
    }

    private Path folder() throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("fovea-serve-"); // for its owner alone
        }
        return folder;
    }

    synchronized List<Stored> of(Clients.Client client) {
        return stored.values().stream()
                .filter(f -> f.client.equals(client.name()))
                .toList();
    }

    /** @throws Problem where this client has no such file */
    synchronized Stored get(String id, Clients.Client client, String param) {
        Stored file = stored.get(id);
        if (file == null || !file.client.equals(client.name())) {
            throw new Problem(404, Problem.INVALID, param, "file_not_found", "there is no file " + Quote.of(id));
        }
        return file;
    }

    /** Whether a file's first bytes are those of a video: MP4, WebM and Matroska, AVI, MPEG, Ogg. */
    static boolean isClip(byte[] file) {
        String start = new String(file, 0, Math.min(12, file.length), StandardCharsets.ISO_8859_1);
        return (start.startsWith("ftyp", 4) && start.length() == 12 && !PICTURES.contains(start.substring(8)))
                || start.startsWith("\u001aE\u00df\u00a3")
                || (start.startsWith("RIFF") && start.startsWith("AVI ", 8))
                || start.startsWith("\0\0\u0001\u00ba")
                || start.startsWith("OggS");
    }

    boolean isClip(String id, Clients.Client client, String param) {
        return get(id, client, param).isClip();
    }

    byte[] bytes(String id, Clients.Client client, String param) {
        Stored file = get(id, client, param);
        try {
            return Files.readAllBytes(file.path);
        } catch (IOException e) {
            throw InputException.cannot("read", "the file " + id, e);
        }
    }

    synchronized void delete(String id, Clients.Client client) {
        Stored file = get(id, client, "file_id");
        stored.remove(id);
        bytes -= file.bytes;
        remove(file.path);
    }

    synchronized long bytes() {
        return bytes;
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        new ArrayList<>(stored.values()).forEach(f -> remove(f.path));
        stored.clear();
        if (folder != null) {
            remove(folder);
        }
    }
}
