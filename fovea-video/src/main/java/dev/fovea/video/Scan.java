package dev.fovea.video;

/**
 * What the packets of a stream say, without decoding: torchcodec's exact mode.
 *
 * @param count of the frames that are shown
 * @param fps the count over the time from the first one's begin to the last one's end
 */
record Scan(int count, double fps) {

    /** Reads all packets. */
    static Scan of(Container container) {
        int count = 0;
        long begin = Long.MAX_VALUE;
        long end = Long.MIN_VALUE;
        try (Packet packet = new Packet()) {
            while (container.next(packet)) {
                if (!packet.isHidden()) {
                    count++;
                    begin = Math.min(begin, packet.time());
                    end = Math.max(end, packet.time() + packet.duration());
                }
            }
        }
        double duration = container.seconds(end) - container.seconds(begin);
        return new Scan(count, duration > 0 ? count / duration : container.headerFps());
    }
}
