package dev.fovea.video;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Picks the wanted frames out of all as they come: by their times, or by counting where the packets have none. A frame that is
 * missing, since its packet is damaged or says that it is not shown, is what is shown at its time: the one before it.
 */
final class Selection {
    private final boolean timed;
    private final int[] wanted; // ascending
    private final long[] times; // of the wanted ones
    private final Consumer<MemorySegment> use;
    private MemorySegment previous = MemorySegment.NULL;
    private int next;
    private int seen;

    /** @param wanted indices, ascending, each once */
    Selection(Scan scan, int[] wanted, Consumer<MemorySegment> use) {
        this.timed = scan.timed();
        this.wanted = wanted;
        this.use = use;
        times = Arrays.stream(wanted).mapToLong(i -> scan.times()[i]).toArray();
    }

    boolean isDone() {
        return next == wanted.length;
    }

    /** Whether nobody wants the packet's own frame; others may need it. */
    boolean canMiss(Packet packet) {
        return timed && Arrays.binarySearch(times, packet.time()) < 0;
    }

    /** @param frame valid until the one after the next is offered */
    void offer(MemorySegment frame) {
        if (!timed) {
            if (!isDone() && seen++ == wanted[next]) {
                take(frame);
            }
            return;
        }
        long time = Frame.time(frame);
        while (!isDone() && times[next] < time && !Ffmpeg.isNull(previous)) {
            take(previous);
        }
        if (!isDone() && times[next] == time) {
            take(frame);
        }
        previous = frame;
    }

    private void take(MemorySegment frame) {
        use.accept(frame);
        next++;
    }
}
