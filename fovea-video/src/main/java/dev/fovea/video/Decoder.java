package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.fovea.error.InputException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;

/** Decodes a stream's packets to frames, in the order of presentation. For one thread. */
final class Decoder implements AutoCloseable {
    private static final long CODEC_ID = 4; // AVCodecParameters
    private static final int THREADS = Math.min(16, Runtime.getRuntime().availableProcessors());
    private static final int H264 = 27; // AV_CODEC_ID_H264
    private static final int AV1 = 225; // AV_CODEC_ID_AV1
    private static final long USELESS = 0; // AVDISCARD_DEFAULT
    private static final long UNREFERENCED = 8; // AVDISCARD_NONREF

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment codec; // variable with the AVCodecContext
    private final MemorySegment frames; // variables with two AVFrames, used in turn
    private final boolean knowsUnreferenced;
    private boolean skips;
    private int turn;

    private Decoder(int codecId, MemorySegment parameters, Function<String, InputException> refused) {
        codec = arena.allocate(ADDRESS);
        frames = arena.allocate(ADDRESS, 2);
        knowsUnreferenced = codecId == H264;
        try {
            Ffmpeg.call(() -> open(codecId, parameters, refused));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** @throws InputException where FFmpeg has no decoder for it */
    static Decoder of(Container container) {
        MemorySegment parameters = container.parameters();
        return new Decoder(
                Ffmpeg.intAt(parameters, CODEC_ID),
                parameters,
                reason -> container.refused(reason, "convert it, as by: ffmpeg -i FILE -c:v libx264 clip.mp4"));
    }

    /** Of units of AV1 without a container. */
    static Decoder ofAv1() {
        return new Decoder(AV1, MemorySegment.NULL, InputException::new);
    }

    private void open(int id, MemorySegment parameters, Function<String, InputException> refused) throws Throwable {
        MemorySegment decoder = (MemorySegment) Ffmpeg.FIND_DECODER.invokeExact(id);
        if (Ffmpeg.isNull(decoder)) {
            String name = Ffmpeg.text((MemorySegment) Ffmpeg.CODEC_NAME.invokeExact(id));
            throw refused.apply("its codec " + name + " cannot be decoded");
        }
        codec.set(ADDRESS, 0, (MemorySegment) Ffmpeg.ALLOC_CODEC.invokeExact(decoder));
        for (int i = 0; i < 2; i++) {
            frames.setAtIndex(ADDRESS, i, (MemorySegment) Ffmpeg.FRAME_ALLOC.invokeExact());
        }
        if (!Ffmpeg.isNull(parameters)) {
            int _ = (int) Ffmpeg.PARAMETERS.invokeExact(context(), parameters);
        }
        set("threads", THREADS);
        if ((int) Ffmpeg.OPEN_CODEC.invokeExact(context(), decoder, MemorySegment.NULL) < 0) {
            throw refused.apply("its codec cannot be opened");
        }
    }

    private MemorySegment context() {
        return codec.get(ADDRESS, 0);
    }

    /**
     * Whether a packet that no other one refers to is not decoded from now on: the others' frames are the same without it. Only of
     * H.264 a packet says so for certain; of other codecs all are decoded.
     */
    void skipsUnreferenced(boolean skip) {
        if (knowsUnreferenced && skip != skips) {
            set("skip_frame", skip ? UNREFERENCED : USELESS);
            skips = skip;
        }
    }

    private void set(String option, long value) {
        try (Arena names = Arena.ofConfined()) {
            Ffmpeg.call(() -> {
                int _ = (int) Ffmpeg.OPT_SET_INT.invokeExact(context(), Ffmpeg.text(names, option), value, 0);
            });
        }
    }

    /**
     * Takes a packet in, and gives the frames that are complete by then, each until the one after the next. A packet that is
     * damaged gives none.
     */
    void decode(Packet packet, Consumer<MemorySegment> use) {
        send(packet.pointer(), use);
    }

    /** Gives the frames that are still held back. */
    void flush(Consumer<MemorySegment> use) {
        send(MemorySegment.NULL, use);
    }

    private void send(MemorySegment packet, Consumer<MemorySegment> use) {
        Ffmpeg.call(() -> {
            int _ = (int) Ffmpeg.SEND_PACKET.invokeExact(context(), packet);
            MemorySegment frame = frames.getAtIndex(ADDRESS, turn);
            while ((int) Ffmpeg.RECEIVE_FRAME.invokeExact(context(), frame) >= 0) {
                use.accept(frame);
                turn = 1 - turn;
                frame = frames.getAtIndex(ADDRESS, turn);
            }
        });
    }

    @Override
    public void close() {
        try (arena) {
            Ffmpeg.call(() -> {
                Ffmpeg.FREE_CODEC.invokeExact(codec);
                Ffmpeg.FRAME_FREE.invokeExact(frames);
                Ffmpeg.FRAME_FREE.invokeExact(frames.asSlice(ADDRESS.byteSize()));
            });
        }
    }
}
