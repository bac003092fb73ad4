/** Video files by FFmpeg's libraries, through java.lang.foreign, to the frames that torchcodec gives, byte for byte. */
@NullMarked
package dev.fovea.video;

import org.jspecify.annotations.NullMarked;
