package dev.fovea.net;

import dev.fovea.error.NetworkException;
import dev.fovea.error.Quote;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Compression of an answer on its way, which some servers and proxies make whether it was asked for or not. */
public final class ContentEncoding {
    private static final Set<String> GZIP = Set.of("gzip", "x-gzip");

    /** Words that are none, as {@code utf-8} of careless uploads, change nothing: so do Python's clients. */
    private static final Set<String> OTHERS = Set.of("deflate", "compress", "br", "zstd");

    private ContentEncoding() {}

    /**
     * Whether {@link #decoded} changes the bytes, so that their length is not the one that the headers say.
     *
     * @param encoding the header {@code Content-Encoding}
     */
    public static boolean isEncoded(Optional<String> encoding) {
        return encoding.map(ContentEncoding::word)
                .filter(e -> GZIP.contains(e) || OTHERS.contains(e))
                .isPresent();
    }

    /**
     * A body as it was before; an empty one stays empty.
     *
     * @param from named in errors
     * @param encoding the header {@code Content-Encoding}
     * @throws IOException where the body cannot be read, or is not what the header says
     * @throws NetworkException for other kinds than gzip
     */
    public static InputStream decoded(URI from, Optional<String> encoding, InputStream body) throws IOException {
        String word = encoding.map(ContentEncoding::word).orElse("");
        if (OTHERS.contains(word)) {
            throw refusal(from, word);
        }
        if (!GZIP.contains(word)) {
            return body;
        }
        var peeked = new PushbackInputStream(body, 1);
        int first = peeked.read();
        if (first < 0) {
            return peeked;
        }
        peeked.unread(first);
        return Gunzipped.of(peeked);
    }

    /** Of an answer that cannot be decoded. */
    public static NetworkException refusal(URI from, String encoding) {
        return new NetworkException(
                "cannot fetch " + Quote.of(from) + ": what comes is compressed (Content-Encoding " + Quote.of(encoding)
                        + "), which was not asked for",
                "a proxy or mirror may do that: try without it");
    }

    /** Damage is that of compressed data: a {@link ZipException} is read as that of an archive. */
    private static final class Gunzipped extends FilterInputStream {
        private Gunzipped(InputStream in) {
            super(in);
        }

        static InputStream of(InputStream body) throws IOException {
            try {
                return new Gunzipped(new GZIPInputStream(body));
            } catch (ZipException e) {
                throw damaged(e);
            }
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (ZipException e) {
                throw damaged(e);
            }
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            try {
                return super.read(bytes, from, count);
            } catch (ZipException e) {
                throw damaged(e);
            }
        }

        private static IOException damaged(ZipException e) {
            var damaged = new IOException(new DataFormatException());
            damaged.addSuppressed(e);
            return damaged;
        }
    }

    private static String word(String encoding) {
        return encoding.strip().toLowerCase(Locale.ROOT);
    }
}
