package dev.fovea.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReasonTest {
    @TempDir
    Path folder;

    static List<Arguments> failures() {
        return List.of(
                Arguments.of(new NoSuchFileException("a"), "there is no such file"),
                Arguments.of(new FileNotFoundException("a (No such file or directory)"), "there is no such file"),
                Arguments.of(new FileNotFoundException("timed out (Is a directory)"), "it is a directory"),
                Arguments.of(new AccessDeniedException("a"), "permission is denied"),
                Arguments.of(new IOException("No space left on device"), "the disk is full"),
                Arguments.of(new FileSystemException("a", null, "Read-only file system"), "its disk can only be read"),
                Arguments.of(
                        new FileSystemException("a", null, "Pas de chance\u001b"),
                        "the system says: Pas de chance\\u001b"),
                Arguments.of(new MalformedInputException(1), "it is not text in UTF-8"),
                Arguments.of(new EOFException(), "it ends too early"),
                Arguments.of(new ConnectException("Connection refused"), "the host refuses the connection"),
                Arguments.of(new HttpConnectTimeoutException("HTTP connect timed out"), "there was no answer in time"),
                Arguments.of(
                        new SSLHandshakeException("bad"),
                        "no secure connection could be made: the host does not speak TLS as expected"),
                Arguments.of(
                        new IOException("HTTP/1.1 header parser received no bytes"),
                        "the host closed the connection without an answer"),
                Arguments.of(
                        new SocketException("Unexpected end of file from server"),
                        "the host closed the connection without an answer"),
                Arguments.of(new IOException("Invalid Http response"), "the host does not answer in HTTP"),
                Arguments.of(new IOException("Premature EOF"), "the connection broke off"),
                Arguments.of(new InputException("a is wrong", "b"), "a is wrong"),
                Arguments.of(new IllegalStateException("state"), "the system gives no reason"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void saysInPlainWordsWhatAnExceptionMeans(Throwable failure, String reason) {
        assertThat(Reason.of(failure)).isEqualTo(reason);
        IOException inner = failure instanceof IOException io ? io : new IOException(null, failure);
        assertThat(Reason.of(new ExecutionException(new UncheckedIOException(inner))))
                .isEqualTo(reason);
    }

    /** As Java's HTTP client says that it knows no such host. */
    @Test
    void findsTheUnknownHostBehindAConnection() {
        ConnectException inner = new ConnectException();
        inner.initCause(new UnresolvedAddressException());
        ConnectException outer = new ConnectException();
        outer.initCause(inner);
        assertThat(Reason.of(outer)).isEqualTo("no host of this name was found");
    }

    /** What this system really throws. */
    @Test
    void knowsWhatFilesAnswer() throws IOException {
        assertThat(reason(() -> Files.readAllBytes(folder))).isEqualTo("it is a directory");
        Path file = Files.createFile(folder.resolve("file"));
        assertThat(reason(() -> Files.readAllBytes(file.resolve("below"))))
                .isEqualTo("a part of its path is no directory");
        assertThat(reason(() -> {
                    try (var _ = Files.newDirectoryStream(file)) {}
                }))
                .isEqualTo("it is no directory");
        assertThat(reason(() -> Files.readString(Files.write(file, new byte[] {(byte) 0xff}))))
                .isEqualTo("it is not text in UTF-8");
        assertThat(reason(() -> Files.createFile(folder.resolve("x".repeat(300)))))
                .isEqualTo("its name is too long");
        Path circle = folder.resolve("circle");
        assertThat(reason(() -> Files.readAllBytes(Files.createSymbolicLink(circle, circle))))
                .isEqualTo("its links lead in a circle");
    }

    private static String reason(Attempt attempt) {
        try {
            attempt.run();
        } catch (IOException e) {
            return Reason.of(e);
        }
        throw new AssertionError("nothing failed");
    }

    private interface Attempt {
        void run() throws IOException;
    }
}
