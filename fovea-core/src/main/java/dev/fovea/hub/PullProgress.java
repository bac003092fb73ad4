package dev.fovea.hub;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How far a download is.
 *
 * @param model by the name that was asked for
 * @param doneBytes that are here, those of earlier tries and of files that were here already not counted
 * @param totalBytes that were missing
 * @param bytesPerSecond of the last seconds; 0 before there is a measure
 * @param left at this rate
 * @param files that are fetched, in order
 * @param waits whether another process fetches what is missing, and this one waits for it
 */
public record PullProgress(
        String model,
        long doneBytes,
        long totalBytes,
        double bytesPerSecond,
        Optional<Duration> left,
        List<FileProgress> files,
        boolean waits) {
    public PullProgress {
        files = List.copyOf(files);
    }

    /**
     * How far one file is.
     *
     * @param path in the repository
     * @param doneBytes that are here, those of earlier tries too
     * @param isDone whether it is checked and in its place
     */
    public record FileProgress(String path, long doneBytes, long totalBytes, boolean isDone) {}
}
