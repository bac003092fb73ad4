package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.files.InputFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What pictures and clips may be opened: from where, and how large. A program that answers its own user trusts the sources; a server
 * does not.
 *
 * <pre>{@code
 * var policy = MediaPolicy.UNTRUSTED.withHosts("images.example.org").withMaxBytes(10 << 20);
 * var forStrangers = pipe.withMedia(policy);
 * }</pre>
 *
 * <p>Pictures that are in memory already are always taken. Immutable.
 */
public final class MediaPolicy {
    /** Everything that its user may read. */
    public static final MediaPolicy TRUSTED = new MediaPolicy(new Limits());

    /**
     * Http and https of public addresses, and data URIs. The name of a host is looked up once, and the connection goes to the address
     * that was checked. No files, until {@link #withFolders} names some.
     */
    public static final MediaPolicy UNTRUSTED = TRUSTED.with(limits -> {
        limits.schemes = Set.of("http", "https", "data");
        limits.publicAddressesOnly = true;
        limits.anyFile = false;
        limits.maxClipBytes = 256L << 20;
        limits.maxFrames = 1 << 16;
        limits.maxSeconds = 3600;
        limits.timeout = Duration.ofSeconds(20);
    });

    private final Limits limits;

    /** Written only by {@link #with} before the policy that holds it is made. */
    private static final class Limits {
        Set<String> schemes = Set.of("http", "https", "file", "data");
        Set<String> hosts = Set.of();
        List<Path> folders = List.of();
        boolean anyFile = true;
        boolean publicAddressesOnly;
        long maxBytes = Download.MAX_BYTES;
        long maxClipBytes = ImageSource.MAX_BYTES;
        long maxPixels = DecodedImage.MAX_PIXELS;
        int maxFrames = Integer.MAX_VALUE;
        double maxSeconds = Double.POSITIVE_INFINITY;
        Duration connectTimeout = Duration.ofSeconds(10);
        Duration timeout = Duration.ofSeconds(60);
        Consumer<FetchProgress> fetchListener = _ -> {};
    }

    private interface Change {
        void to(Limits limits);
    }

    private MediaPolicy(Limits limits) {
        this.limits = limits;
    }

    private MediaPolicy with(Change change) {
        Limits copy = new Limits();
        copy.schemes = limits.schemes;
        copy.hosts = limits.hosts;
        copy.folders = limits.folders;
        copy.anyFile = limits.anyFile;
        copy.publicAddressesOnly = limits.publicAddressesOnly;
        copy.maxBytes = limits.maxBytes;
        copy.maxClipBytes = limits.maxClipBytes;
        copy.maxPixels = limits.maxPixels;
        copy.maxFrames = limits.maxFrames;
        copy.maxSeconds = limits.maxSeconds;
        copy.connectTimeout = limits.connectTimeout;
        copy.timeout = limits.timeout;
        copy.fetchListener = limits.fetchListener;
        change.to(copy);
        return new MediaPolicy(copy);
    }

    /** @param schemes of {@code http}, {@code https}, {@code file} and {@code data}; a path counts as file */
    public MediaPolicy withSchemes(String... schemes) {
        Objects.requireNonNull(schemes, "schemes");
        Set<String> all = Set.of(schemes);
        return with(l -> l.schemes = all);
    }

    /** @param hosts whose addresses alone are fetched, redirects included; none for all */
    public MediaPolicy withHosts(String... hosts) {
        Objects.requireNonNull(hosts, "hosts");
        Set<String> all = Set.of(hosts);
        return with(l -> l.hosts = all);
    }

    /** @param folders below which files are read, wherever links lead; none for no file at all */
    public MediaPolicy withFolders(Path... folders) {
        Objects.requireNonNull(folders, "folders");
        List<Path> all = List.of(folders);
        return with(l -> {
            l.folders = all;
            l.anyFile = false;
            l.schemes = all.isEmpty()
                    ? l.schemes
                    : Stream.concat(l.schemes.stream(), Stream.of("file")).collect(Collectors.toUnmodifiableSet());
        });
    }

    /** @param bytes that a picture may have */
    public MediaPolicy withMaxBytes(long bytes) {
        return with(l -> l.maxBytes = bytes);
    }

    /** @param bytes that a video file may have that is fetched */
    public MediaPolicy withMaxClipBytes(long bytes) {
        return with(l -> l.maxClipBytes = bytes);
    }

    /** @param pixels that a picture's header may claim, before anything is decoded */
    public MediaPolicy withMaxPixels(long pixels) {
        return with(l -> l.maxPixels = pixels);
    }

    /** @param frames that a clip may have, before any is decoded */
    public MediaPolicy withMaxFrames(int frames) {
        return with(l -> l.maxFrames = frames);
    }

    /** @param seconds that a video file may last */
    public MediaPolicy withMaxSeconds(double seconds) {
        return with(l -> l.maxSeconds = seconds);
    }

    /** @param whole of a fetch, redirects included */
    public MediaPolicy withTimeout(Duration whole) {
        Objects.requireNonNull(whole, "whole");
        return with(l -> l.timeout = whole);
    }

    /** @param listener told of what is fetched as it comes, by several threads; it must be quick */
    public MediaPolicy withFetchListener(Consumer<FetchProgress> listener) {
        Objects.requireNonNull(listener, "listener");
        return with(l -> l.fetchListener = listener);
    }

    Consumer<FetchProgress> fetchListener() {
        return limits.fetchListener;
    }

    /** The pixels that a picture's header may claim. */
    public long maxPixels() {
        return limits.maxPixels;
    }

    boolean publicAddressesOnly() {
        return limits.publicAddressesOnly;
    }

    Duration connectTimeout() {
        return limits.connectTimeout;
    }

    Duration timeout() {
        return limits.timeout;
    }

    /**
     * A picture, read or fetched where this policy lets it be.
     *
     * @throws InputException where it does not, or there is no such file
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    public ImageSource admit(ImageSource source) {
        Objects.requireNonNull(source, "source");
        return admit(source, limits.maxBytes);
    }

    private ImageSource admit(ImageSource source, long maxBytes) {
        return switch (source) {
            case ImageSource.OfPath(Path path) -> {
                checkFile(path);
                yield limits.anyFile ? source : held(source, InputFile.read(path, maxBytes));
            }
            case ImageSource.OfUri(URI uri) -> held(source, Download.get(uri, this, maxBytes));
            case ImageSource.OfBytes(byte[] bytes) -> {
                checkScheme("data", "in memory");
                checkBytes(bytes.length, maxBytes);
                yield source;
            }
            case ImageSource.Held _, DecodedImage _ -> source;
        };
    }

    private static ImageSource held(ImageSource origin, byte[] bytes) {
        return new ImageSource.Held(origin, bytes);
    }

    /**
     * A clip, read or fetched where this policy lets it be.
     *
     * @throws InputException where it does not, or there is no such file
     * @throws dev.fovea.error.NetworkException where it cannot be fetched
     */
    public VideoSource admit(VideoSource source) {
        Objects.requireNonNull(source, "source");
        return switch (source) {
            case VideoSource.OfFrames(List<ImageSource> frames) -> frames(frames);
            case VideoSource.OfFile(ImageSource file) -> new VideoSource.OfFile(admit(file, limits.maxClipBytes));
            case VideoSource.OfPath(Path path) -> {
                checkFile(path);
                yield source.isFile() ? source : frames(source.frames());
            }
        };
    }

    private VideoSource frames(List<ImageSource> frames) {
        checkFrames(frames.size());
        return VideoSource.of(SideBySide.map(frames, ImageSource.OfUri.class::isInstance, this::admit));
    }

    /** A video file, opened where this policy lets it be as long as it is. */
    public VideoFile open(VideoSource file) {
        VideoFile opened = file.open();
        checkFrames(opened.count());
        if (opened.count() / opened.fps() > limits.maxSeconds) {
            throw new InputException(
                    "a clip lasts " + opened.count() / opened.fps() + " s; at most " + limits.maxSeconds + " are taken",
                    "cut it");
        }
        if ((long) opened.width() * opened.height() > limits.maxPixels) {
            throw new InputException("a clip's frames have " + opened.width() + " x " + opened.height()
                    + " pixels; at most " + limits.maxPixels + " are taken");
        }
        return opened;
    }

    private void checkFrames(int count) {
        if (count > limits.maxFrames) {
            throw new InputException(
                    "a clip has " + count + " frames; at most " + limits.maxFrames + " are taken",
                    "give a shorter one");
        }
    }

    private static void checkBytes(long count, long most) {
        if (count > most) {
            throw new InputException("a picture or clip has " + count + " bytes; at most " + most + " are taken");
        }
    }

    private void checkFile(Path path) {
        checkScheme("file", path);
        if (limits.anyFile) {
            return;
        }
        Path real = real(path);
        if (limits.folders.stream().noneMatch(f -> real.startsWith(real(f)))) {
            throw new InputException(
                    "cannot open " + Quote.of(path) + ": it is in none of the folders that are open to requests");
        }
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw InputException.cannot("open", path, e);
        }
    }

    /** Refuses an address that must not be fetched, before its host is looked up. */
    void checkAddress(URI uri) {
        checkScheme(uri.getScheme().toLowerCase(Locale.ROOT), uri);
        if (!limits.hosts.isEmpty() && !limits.hosts.contains(uri.getHost().toLowerCase(Locale.ROOT))) {
            throw new InputException(
                    "cannot fetch " + Quote.of(uri) + ": its host is none of those that are open to requests");
        }
    }

    private void checkScheme(String scheme, Object source) {
        if (!limits.schemes.contains(scheme)) {
            throw new InputException(
                    "cannot open " + Quote.of(source) + ": " + scheme + " sources are not open to requests",
                    "expected one of "
                            + String.join(", ", limits.schemes.stream().sorted().toList()));
        }
    }
}
