package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.fovea.error.InputException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Decodes a stream's packets to frames, in the order of presentation. For one thread. */
final class Decoder implements AutoCloseable {
    private static final long CODEC_ID = 4; // AVCodecParameters
    private static final int THREADS = Math.min(16, Runtime.getRuntime().availableProcessors());

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment codec; // variable with the AVCodecContext
    private final MemorySegment frame; // variable with the AVFrame

    /** @throws InputException where FFmpeg has no decoder for it */
    Decoder(Container container) {
        codec = arena.allocate(ADDRESS);
        frame = arena.allocate(ADDRESS);
        try {
            Ffmpeg.call(() -> open(container));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private void open(Container container) throws Throwable {
        int id = Ffmpeg.intAt(container.parameters(), CODEC_ID);
        MemorySegment decoder = (MemorySegment) Ffmpeg.FIND_DECODER.invokeExact(id);
        if (Ffmpeg.isNull(decoder)) {
            throw container.refused(
                    "its codec " + Ffmpeg.text((MemorySegment) Ffmpeg.CODEC_NAME.invokeExact(id))
                            + " cannot be decoded",
                    "convert it, as by: ffmpeg -i FILE -c:v libx264 clip.mp4");
        }
        codec.set(ADDRESS, 0, (MemorySegment) Ffmpeg.ALLOC_CODEC.invokeExact(decoder));
        frame.set(ADDRESS, 0, (MemorySegment) Ffmpeg.FRAME_ALLOC.invokeExact());
        int _ = (int) Ffmpeg.PARAMETERS.invokeExact(context(), container.parameters());
        int _ = (int) Ffmpeg.OPT_SET_INT.invokeExact(context(), Ffmpeg.text(arena, "threads"), (long) THREADS, 0);
        if ((int) Ffmpeg.OPEN_CODEC.invokeExact(context(), decoder, MemorySegment.NULL) < 0) {
            throw container.refused("its codec cannot be opened", "fetch or save it again");
        }
    }

    private MemorySegment context() {
        return codec.get(ADDRESS, 0);
    }

    /**
     * Takes a packet in, and gives the frames that are complete by then, each for the time of the call. A packet that is damaged
     * gives none.
     */
    void decode(Packet packet, Consumer<MemorySegment> frames) {
        send(packet.pointer(), frames);
    }

    /** Gives the frames that are still held back. */
    void flush(Consumer<MemorySegment> frames) {
        send(MemorySegment.NULL, frames);
    }

    private void send(MemorySegment packet, Consumer<MemorySegment> frames) {
        Ffmpeg.call(() -> {
            int _ = (int) Ffmpeg.SEND_PACKET.invokeExact(context(), packet);
            MemorySegment pointer = frame.get(ADDRESS, 0);
            while ((int) Ffmpeg.RECEIVE_FRAME.invokeExact(context(), pointer) >= 0) {
                frames.accept(pointer);
            }
        });
    }

    @Override
    public void close() {
        try (arena) {
            Ffmpeg.call(() -> {
                Ffmpeg.FREE_CODEC.invokeExact(codec);
                Ffmpeg.FRAME_FREE.invokeExact(frame);
            });
        }
    }
}
