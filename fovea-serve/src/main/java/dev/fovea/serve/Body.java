package dev.fovea.serve;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;

/** Bodies of requests, read within limits: of one, and of all that are being read. */
final class Body {
    private static final int UNIT = 1 << 10;

    /** Bytes beyond the limit that are read and forgotten, so that a client hears why. */
    private static final int HEARD = 1 << 20;

    private final Semaphore units;
    private final int all;

    /** @param bytes of all bodies that are being read */
    Body(long bytes) {
        this.all = (int) Math.min(Integer.MAX_VALUE, bytes / UNIT);
        this.units = new Semaphore(all);
    }

    /** A body in JSON. */
    Fields json(ServerRequest request, long limit) {
        String type = type(request);
        if (!type.equals("application/json")) {
            throw new Problem(
                    415,
                    Problem.INVALID,
                    null,
                    "unsupported_media_type",
                    "the request's Content-Type is " + (type.isEmpty() ? "missing" : type)
                            + "; expected application/json");
        }
        byte[] bytes = bytes(request, limit);
        try {
            return Fields.of(Json.parse(text(bytes), "the request"));
        } catch (InputException e) {
            throw new Problem(400, Problem.INVALID, null, "invalid_json", e.getMessage());
        }
    }

    /** The media type, without its parameters. */
    static String type(ServerRequest request) {
        String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        int end = type.indexOf(';');
        return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    }

    private static String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Problem(400, Problem.INVALID, null, "invalid_json", "the request is not text in UTF-8");
        }
    }

    /** All bytes of a body. */
    byte[] bytes(ServerRequest request, long limit) {
        OptionalLong told = request.headers().contentLength();
        if (told.orElse(0) > limit) {
            if (told.getAsLong() <= limit + HEARD) {
                discard(request);
            }
            throw tooLarge(limit);
        }
        int needed = (int) Math.min(all, Math.ceilDiv(told.orElse(limit), UNIT));
        if (!units.tryAcquire(needed)) {
            throw Problem.busy("the server is reading as many requests as its memory allows", 1);
        }
        try (InputStream in = request.content().inputStream()) {
            return read(in, told, limit);
        } catch (IOException e) {
            throw new CloseConnectionException("the request broke off", e);
        } finally {
            units.release(needed);
            ClientConnection.CURRENT.get().input().received();
        }
    }

    /** A connection that is closed with bytes unread is reset, and its client may never see the answer. */
    private static void discard(ServerRequest request) {
        try (InputStream in = request.content().inputStream()) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new CloseConnectionException("the request broke off", e);
        } finally {
            ClientConnection.CURRENT.get().input().received();
        }
    }

    private static byte[] read(InputStream in, OptionalLong told, long limit) throws IOException {
        byte[] bytes = new byte[(int) told.orElse(8192)];
        int count = 0;
        while (true) {
            int more = count < bytes.length ? in.read(bytes, count, bytes.length - count) : in.read();
            if (more < 0) {
                return count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
            }
            if (count < bytes.length) {
                count += more;
                continue;
            }
            if (count >= limit) {
                throw tooLarge(limit);
            }
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, 2L * count + 1));
            bytes[count++] = (byte) more;
        }
    }

    private static Problem tooLarge(long limit) {
        return Problem.tooLarge("the request has more than " + limit + " bytes, which is this server's limit");
    }
}
