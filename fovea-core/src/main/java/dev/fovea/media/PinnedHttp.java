package dev.fovea.media;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * One HTTP/1.1 exchange with an address that was checked: the name cannot stand for another one a moment later, as it can with a
 * client that looks it up itself. By no proxy, which would look it up too. For one thread.
 */
final class PinnedHttp implements AutoCloseable {
    private static final int MAX_HEAD = 1 << 16;

    /**
     * @param headers names in lower case; of several the last
     * @param body empty unless the status is 200
     */
    record Response(int status, Map<String, String> headers, byte[] body) {}

    private final Socket socket = new Socket(Proxy.NO_PROXY);
    private final long deadline;

    /** @param deadline of {@link System#nanoTime} */
    PinnedHttp(long deadline) {
        this.deadline = deadline;
    }

    /** @throws TooLarge where the body has more than maxBytes */
    Response get(URI uri, InetAddress address, int connectMillis, long maxBytes) throws IOException {
        boolean secure = uri.getScheme().equalsIgnoreCase("https");
        int port = uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
        socket.connect(new InetSocketAddress(address, port), Math.min(connectMillis, remaining()));
        Socket talk = secure ? secured(uri.getHost(), port) : socket;
        OutputStream out = talk.getOutputStream();
        String path = (uri.getRawPath().isEmpty() ? "/" : uri.getRawPath())
                + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
        String host = uri.getHost() + (uri.getPort() >= 0 ? ":" + uri.getPort() : "");
        String request = "GET " + path + " HTTP/1.1\r\nHost: " + host
                + "\r\nUser-Agent: fovea\r\nAccept: */*\r\nConnection: close\r\n\r\n";
        out.write(request.getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return read(new BufferedInputStream(new Timed(talk)), maxBytes);
    }

    /** The certificate has to be the host's, though the address is connected to. */
    private Socket secured(String host, int port) throws IOException {
        socket.setSoTimeout(remaining());
        var factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        var tls = (SSLSocket) factory.createSocket(socket, host, port, true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return tls;
    }

    private static Response read(InputStream in, long maxBytes) throws IOException {
        int[] left = {MAX_HEAD};
        String[] status = line(in, left).split(" ", 3);
        if (status.length < 2 || !status[0].startsWith("HTTP/1.") || !status[1].matches("\\d{3}")) {
            throw new IOException("header parser received no bytes");
        }
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in, left); !line.isEmpty(); line = line(in, left)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        int code = Integer.parseInt(status[1]);
        return new Response(code, headers, code == 200 ? body(in, headers, maxBytes) : new byte[0]);
    }

    private static byte[] body(InputStream in, Map<String, String> headers, long maxBytes) throws IOException {
        if (headers.getOrDefault("transfer-encoding", "")
                .toLowerCase(Locale.ROOT)
                .endsWith("chunked")) {
            return chunks(in, maxBytes);
        }
        String length = headers.get("content-length");
        if (length == null) {
            byte[] all = in.readNBytes((int) Math.min(maxBytes + 1, Integer.MAX_VALUE - 8));
            return checked(all, all.length, maxBytes);
        }
        long expected = length.matches("\\d{1,18}") ? Long.parseLong(length) : -1;
        checked(new byte[0], expected, maxBytes);
        byte[] body = in.readNBytes((int) Math.max(0, expected));
        if (body.length != expected) {
            throw new EOFException("fixed content-length");
        }
        return body;
    }

    private static byte[] chunks(InputStream in, long maxBytes) throws IOException {
        var out = new ByteArrayOutputStream();
        while (true) {
            String size = line(in, new int[] {MAX_HEAD}).replaceFirst(";.*", "").strip();
            long count = size.matches("[0-9A-Fa-f]{1,8}") ? Long.parseLong(size, 16) : -1;
            if (count < 0) {
                throw new EOFException("chunked transfer encoding");
            }
            if (count == 0) {
                return out.toByteArray();
            }
            checked(new byte[0], out.size() + count, maxBytes);
            byte[] chunk = in.readNBytes((int) count);
            if (chunk.length != count) {
                throw new EOFException("chunked transfer encoding");
            }
            out.writeBytes(chunk);
            line(in, new int[] {MAX_HEAD});
        }
    }

    private static byte[] checked(byte[] bytes, long count, long maxBytes) throws TooLarge {
        if (count > maxBytes) {
            throw new TooLarge();
        }
        return bytes;
    }

    private static String line(InputStream in, int[] left) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0 || left[0]-- <= 0) {
                throw new EOFException("header parser received no bytes");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private int remaining() throws SocketTimeoutException {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
            throw new SocketTimeoutException("timed out");
        }
        return (int) Math.min(millis, Integer.MAX_VALUE);
    }

    /** Each read waits as long as the whole has time. */
    private final class Timed extends InputStream {
        private final Socket talk;
        private final InputStream in;

        Timed(Socket talk) throws IOException {
            this.talk = talk;
            in = talk.getInputStream();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
        }

        @Override
        public int read(byte[] into, int at, int count) throws IOException {
            talk.setSoTimeout(remaining());
            return in.read(into, at, count);
        }
    }

    /** A body has more bytes than are taken. */
    static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
