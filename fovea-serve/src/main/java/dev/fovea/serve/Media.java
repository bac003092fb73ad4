package dev.fovea.serve;

import dev.fovea.error.Quote;
import dev.fovea.media.ImageSource;
import dev.fovea.media.VideoSource;
import java.nio.file.Path;
import java.util.List;

/** The pictures and clips that a request names: by address, as a {@code data:} URI, or by the id of an uploaded file. */
final class Media {
    private static final List<String> SCHEMES = List.of("http://", "https://", "data:");

    private final Uploads files;
    private final Clients.Client client;
    private final int most;
    private int count;

    /** @param most pictures and clips of a request at most */
    Media(Uploads files, Clients.Client client, int most) {
        this.files = files;
        this.client = client;
        this.most = most;
    }

    ImageSource picture(String url, String param) {
        return ImageSource.parse(checked(url, param));
    }

    VideoSource clip(String url, String param) {
        return VideoSource.parse(checked(url, param), Path.of(""));
    }

    ImageSource pictureOfFile(String id, String param) {
        counted(param);
        return ImageSource.of(files.bytes(id, client, param));
    }

    VideoSource clipOfFile(String id, String param) {
        counted(param);
        return VideoSource.of(files.bytes(id, client, param));
    }

    /** Whether an uploaded file is a clip. */
    boolean isClip(String id, String param) {
        return files.isClip(id, client, param);
    }

    /** Only addresses: a path, a file: URL or bare base64 would be looked up on this machine. */
    private String checked(String url, String param) {
        counted(param);
        if (SCHEMES.stream().noneMatch(s -> url.regionMatches(true, 0, s, 0, s.length()))) {
            throw Problem.of(
                    param,
                    param + " is " + Quote.of(url)
                            + "; expected an address that begins with http://, https:// or data:");
        }
        return url;
    }

    private void counted(String param) {
        if (++count > most) {
            throw Problem.of(
                    param, "the request has more than " + most + " pictures and clips, which is this server's limit");
        }
    }
}
