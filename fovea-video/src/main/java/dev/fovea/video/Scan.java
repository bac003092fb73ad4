package dev.fovea.video;

import java.util.Arrays;

/**
 * What the packets of a stream say, without decoding: torchcodec's exact mode.
 *
 * @param times of the frames that are shown, ascending, in the stream's units
 * @param timed whether each of these packets has a time of its own, by which its frame is known again
 * @param hidden how many more are decoded for others' sake: an edit list says so
 * @param fps the count over the time from the first one's begin to the last one's end
 * @param averageFps what the container says
 */
record Scan(long[] times, boolean timed, int hidden, double fps, double averageFps) {

    int count() {
        return times.length;
    }

    /** Reads all packets. */
    static Scan of(Container container) {
        long[] times = new long[256];
        int count = 0;
        int hidden = 0;
        boolean timed = true;
        long end = Long.MIN_VALUE;
        try (Packet packet = new Packet()) {
            while (container.next(packet)) {
                if (packet.isHidden()) {
                    hidden++;
                    continue;
                }
                times = count < times.length ? times : Arrays.copyOf(times, 2 * count);
                times[count++] = packet.time();
                timed = timed && packet.hasTime();
                end = Math.max(end, packet.time() + packet.duration());
            }
        }
        long[] sorted = Arrays.copyOf(times, count);
        Arrays.sort(sorted);
        timed = timed && Arrays.stream(sorted).distinct().count() == count;
        double duration = count == 0 ? 0 : container.seconds(end) - container.seconds(sorted[0]);
        double fps = duration > 0 ? count / duration : container.headerFps();
        return new Scan(sorted, timed, hidden, fps, container.averageFps());
    }
}
