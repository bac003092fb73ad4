package dev.fovea.hub;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/** The sum of a file's bytes, which are taken in their order: whoever has those that come next gives them. Used by several threads. */
final class RunningSum {
    private final MessageDigest digest;
    private volatile long position;

    RunningSum(MessageDigest digest) {
        this.digest = digest;
    }

    /** Of the byte that comes next. */
    long position() {
        return position;
    }

    /**
     * Takes bytes, where they are the next ones.
     *
     * @param at of the first
     */
    void offer(ByteBuffer data, long at) {
        if (at != position) {
            return; // most of the time, and without a lock
        }
        synchronized (this) {
            if (at == position) {
                int length = data.remaining();
                digest.update(data);
                position = at + length;
            }
        }
    }

    /** In hexadecimal digits. To be asked for once, at the end. */
    synchronized String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
