package dev.fovea.error;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import java.util.Objects;
import java.util.zip.DataFormatException;
import java.util.zip.ZipException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What an exception of Java means, in plain words: {@code cannot read a.json: there is no such file}. Messages of Fovea say
 * this, never the exception's own text, which is written for programmers and differs between systems.
 */
public final class Reason {
    private static final String UNKNOWN = "the system gives no reason";

    /** What Linux, macOS and Windows say, which Java hands on as the text of an exception, in lower case. */
    private static final Map<String, String> SYSTEM = Map.ofEntries(
            Map.entry("no such file", "there is no such file"),
            Map.entry("cannot find the", "there is no such file"),
            Map.entry("permission denied", "permission is denied"),
            Map.entry("access is denied", "permission is denied"),
            Map.entry("not permitted", "permission is denied"),
            Map.entry("is a directory", "it is a directory"),
            Map.entry("not a directory", "a part of its path is no directory"),
            Map.entry("no space left", "the disk is full"),
            Map.entry("not enough space", "the disk is full"),
            Map.entry("quota exceeded", "the disk quota is used up"),
            Map.entry("file too large", "it would be larger than this system allows"),
            Map.entry("read-only file system", "its disk can only be read"),
            Map.entry("too many open files", "too many files are open"),
            Map.entry("name too long", "its name is too long"),
            Map.entry("levels of symbolic links", "its links lead in a circle"),
            Map.entry("input/output error", "the disk fails"),
            Map.entry("stale file handle", "the network disk has lost it"),
            Map.entry("bad file descriptor", "it is closed"),
            Map.entry("broken pipe", "the reader has gone"),
            Map.entry("cannot allocate memory", "there is not enough memory"),
            Map.entry("connection reset", "the connection broke off"),
            Map.entry("connection refused", "the host refuses the connection"),
            Map.entry("timed out", "there was no answer in time"),
            Map.entry("network is unreachable", "there is no way to the network"),
            Map.entry("no route to host", "there is no way to the host"),
            Map.entry("header parser received no bytes", "the host closed the connection without an answer"),
            Map.entry("end of file from server", "the host closed the connection without an answer"),
            Map.entry("invalid http response", "the host does not answer in HTTP"),
            Map.entry("premature eof", "the connection broke off"),
            Map.entry("eof reached", "the connection broke off"),
            Map.entry("fixed content-length", "the connection broke off"),
            Map.entry("chunked transfer encoding", "the connection broke off"),
            Map.entry("unable to tunnel", "the proxy refuses the connection"),
            Map.entry("invalid argument", "the system refuses what it was asked"));

    private Reason() {}

    /** A clause without a full stop. */
    public static String of(Throwable failure) {
        Objects.requireNonNull(failure, "failure");
        String ofType = ofType(failure);
        if (ofType != null) {
            return ofType;
        }
        String ofSystem = ofSystem(failure);
        if (ofSystem != null) {
            return ofSystem;
        }
        Throwable cause = failure.getCause();
        return cause == null || cause == failure ? fallback(failure) : of(cause);
    }

    private static @Nullable String ofType(Throwable failure) {
        return switch (failure) {
            case FoveaException e -> e.problem();
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission is denied";
            case FileAlreadyExistsException _ -> "it exists already";
            case NotDirectoryException _ -> "it is no directory";
            case FileSystemLoopException _ -> "its links lead in a circle";
            case InvalidPathException _ -> "no file can have this name";
            case CharacterCodingException _ -> "it is not text in UTF-8";
            case EOFException _ -> "it ends too early";
            case ZipException _ -> "it is no sound zip archive";
            case DataFormatException _ -> "its compressed data are damaged";
            case UnknownHostException _, UnresolvedAddressException _ -> "no host of this name was found";
            case HttpTimeoutException _, SocketTimeoutException _ -> "there was no answer in time";
            case NoRouteToHostException _ -> "there is no way to the host";
            case SSLException _ -> "no secure connection could be made: " + ofTls(failure);
            case ConnectException e when isUnresolved(e) -> "no host of this name was found";
            case ConnectException e -> Objects.requireNonNullElse(ofSystem(e), "the host refuses the connection");
            case ClosedByInterruptException _, InterruptedIOException _, InterruptedException _ -> "it was interrupted";
            case UnsatisfiedLinkError e -> "the system's loader says: " + Quote.of(String.valueOf(e.getMessage()));
            case ClosedChannelException _ -> "it was closed meanwhile";
            default -> null;
        };
    }

    /** The HTTP client wraps an unknown host into a connection that failed. */
    private static boolean isUnresolved(ConnectException failure) {
        Throwable at = failure;
        while (at.getCause() != null && !(at instanceof UnresolvedAddressException)) {
            at = at.getCause();
        }
        return at instanceof UnresolvedAddressException || at instanceof UnknownHostException;
    }

    private static String ofTls(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof java.security.cert.CertificateException
                    || at instanceof java.security.cert.CertPathValidatorException
                    || at instanceof java.security.cert.CertPathBuilderException) {
                return "the host's certificate is not trusted";
            }
        }
        return "the host does not speak TLS as expected";
    }

    private static @Nullable String ofSystem(Throwable failure) {
        String text = switch (failure) {
            case FileSystemException e -> e.getReason();
            case FileNotFoundException e -> bracketed(e.getMessage()); // /a/b (Permission denied)
            default -> failure.getMessage();
        };
        if (text == null || !(failure instanceof IOException)) {
            return null;
        }
        String lower = text.toLowerCase(java.util.Locale.ROOT);
        return SYSTEM.entrySet().stream()
                .filter(e -> lower.contains(e.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable String bracketed(@Nullable String text) {
        return text == null ? null : text.substring(text.lastIndexOf('(') + 1);
    }

    private static String fallback(Throwable failure) {
        return switch (failure) {
            case FileNotFoundException _ -> "there is no such file";
            case SocketException _ -> "the connection broke off";
            case FileSystemException e when e.getReason() != null -> "the system says: " + Quote.of(e.getReason());
            // of no subclass: what the system says, in its language
            case IOException e
            when e.getClass() == IOException.class && e.getMessage() != null ->
                "the system says: " + Quote.of(e.getMessage());
            default -> UNKNOWN;
        };
    }
}
