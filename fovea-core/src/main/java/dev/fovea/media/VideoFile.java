package dev.fovea.media;

/**
 * A clip in a video file, as torchcodec reads it: frames in the order of presentation, those that the file hides left out, turned as
 * its display matrix says. Holds no frames and no open file between calls. Safe for use by many threads.
 */
public interface VideoFile extends Frames {

    /** Frames per second: the count over the time from the first frame's begin to the last one's end. */
    double fps();

    /** The count, the rate, and that none of the frames was chosen yet. */
    default VideoMetadata metadata() {
        return VideoMetadata.ofFile(count(), fps());
    }

    /**
     * The same file as decord counts it: its count has hidden frames in it, where the last one is shown again, and its rate is the
     * one that the container claims.
     */
    VideoFile countedByDecord();
}
