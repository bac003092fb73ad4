package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.InputException;
import dev.fovea.error.Reason;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.media.MediaBytes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A video file that is open, and the packets of its first video stream. FFmpeg reads through this object alone: nothing in a file
 * can make it open another file or an address. For one thread.
 */
final class Container implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final int VIDEO = 0; // AVMEDIA_TYPE_VIDEO
    private static final int SEEK_SIZE = 0x10000; // AVSEEK_SIZE
    private static final int DISCARD_ALL = 48; // AVDISCARD_ALL

    /** Demuxers of video files and animations; pictures, playlists and devices are not among them. */
    private static final String FORMATS =
            "mov,matroska,mpegts,avi,gif,apng,flv,asf,mpeg,mpegvideo,ogg,ivf,obu,h264,hevc,m4v,mxf,nut,dv,rm,wtv";

    private static final long AVIO_BUFFER = 8; // in AVIOContext
    // AVFormatContext
    private static final long PB = 32;
    private static final long NB_STREAMS = 44;
    private static final long STREAMS = 48;
    // AVStream
    private static final long CODECPAR = 16;
    private static final long TIME_BASE = 32;
    private static final long DISCARD = 68;
    private static final long AVG_FRAME_RATE = 88;
    private static final long R_FRAME_RATE = 204;
    // AVCodecParameters
    private static final long SIDE_DATA = 32;
    private static final long SIDE_DATA_COUNT = 40;
    private static final long WIDTH = 72;
    private static final long HEIGHT = 76;
    private static final int DISPLAY_MATRIX = 5; // AV_PKT_DATA_DISPLAYMATRIX

    private final Arena arena = Arena.ofConfined();
    private final MediaBytes file;
    private final MediaBytes.Reading reading;
    private final MemorySegment io; // AVIOContext
    private final MemorySegment context; // variable with the AVFormatContext
    private final MemorySegment stream; // AVStream
    private final int streamIndex;
    private long position;
    private @Nullable IOException failure;

    /** @throws InputException where it is no video file, or has no video stream */
    Container(MediaBytes file) {
        this.file = file;
        reading = file.open();
        io = arena.allocate(ADDRESS);
        context = arena.allocate(ADDRESS);
        try {
            openInput();
            streamIndex = Ffmpeg.get(
                    () -> (int) Ffmpeg.FIND_BEST_STREAM.invokeExact(context(), VIDEO, -1, -1, MemorySegment.NULL, 0));
            if (streamIndex < 0) {
                throw refused("it has no video stream", "expected a file with moving pictures");
            }
            stream = discardOthers();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private void openInput() {
        Ffmpeg.call(() -> {
            MemorySegment buffer = (MemorySegment) Ffmpeg.MALLOC.invokeExact((long) BUFFER);
            MemorySegment opened = (MemorySegment) Ffmpeg.AVIO_ALLOC.invokeExact(
                    buffer,
                    BUFFER,
                    0,
                    MemorySegment.NULL,
                    upcall("read", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT)),
                    MemorySegment.NULL,
                    upcall("seek", FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT)));
            io.set(ADDRESS, 0, opened);
            MemorySegment fresh = (MemorySegment) Ffmpeg.ALLOC_CONTEXT.invokeExact();
            Ffmpeg.setPointer(fresh, PB, opened);
            context.set(ADDRESS, 0, fresh);
            MemorySegment options = arena.allocate(ADDRESS);
            set(options, "format_whitelist", FORMATS);
            set(options, "protocol_whitelist", "none");
            int status = (int) Ffmpeg.OPEN_INPUT.invokeExact(
                    context, Ffmpeg.text(arena, file.fileName()), MemorySegment.NULL, options);
            Ffmpeg.DICT_FREE.invokeExact(options);
            check();
            if (status < 0) {
                throw noVideo();
            }
            status = (int) Ffmpeg.FIND_STREAM_INFO.invokeExact(context(), MemorySegment.NULL);
            check();
            if (status < 0) {
                throw refused("it is damaged: nothing in it can be decoded", "fetch or save it again");
            }
        });
    }

    private InputException noVideo() throws IOException {
        ByteBuffer opening = ByteBuffer.allocate(12);
        int read = reading.read(opening, 0);
        boolean mp4 = read == 12 && new String(opening.array(), 4, 4, StandardCharsets.ISO_8859_1).equals("ftyp");
        return mp4
                ? refused(
                        "its index is missing or damaged: it is truncated, or was never finished",
                        "fetch or save it again")
                : refused("it is no video file", "expected MP4, MOV, Matroska, WebM, MPEG-TS, AVI, GIF, APNG or WebP");
    }

    private void set(MemorySegment options, String key, String value) throws Throwable {
        int _ = (int) Ffmpeg.DICT_SET.invokeExact(options, Ffmpeg.text(arena, key), Ffmpeg.text(arena, value), 0);
    }

    /** Sound and the like is not even read. */
    private MemorySegment discardOthers() {
        int count = Ffmpeg.intAt(context(), NB_STREAMS);
        MemorySegment streams = Ffmpeg.pointerAt(context(), STREAMS).reinterpret(ADDRESS.byteSize() * count);
        for (int i = 0; i < count; i++) {
            if (i != streamIndex) {
                Ffmpeg.setInt(streams.getAtIndex(ADDRESS, i), DISCARD, DISCARD_ALL);
            }
        }
        return streams.getAtIndex(ADDRESS, streamIndex);
    }

    private MemorySegment upcall(String name, FunctionDescriptor type) throws ReflectiveOperationException {
        MethodType java = type.toMethodType();
        MethodHandle method = MethodHandles.lookup().bind(this, name, java);
        return NativeLibrary.upcall(method, type, arena);
    }

    /** Nothing may be thrown through C; {@link #check} throws it afterwards. */
    @SuppressWarnings("UnusedMethod") // by upcall
    private int read(MemorySegment unused, MemorySegment buffer, int size) {
        try {
            int count = reading.read(buffer.reinterpret(size).asByteBuffer(), position);
            if (count <= 0) {
                return Ffmpeg.EOF;
            }
            position += count;
            return count;
        } catch (IOException e) {
            failure = e;
            return Ffmpeg.IO_ERROR;
        }
    }

    @SuppressWarnings("UnusedMethod") // by upcall
    private long seek(MemorySegment unused, long offset, int whence) {
        try {
            long size = reading.size();
            if ((whence & SEEK_SIZE) != 0) {
                return size;
            }
            long from = switch (whence & 3) {
                case 1 -> position;
                case 2 -> size;
                default -> 0;
            };
            if (from + offset < 0) {
                return Ffmpeg.IO_ERROR;
            }
            position = from + offset;
            return position;
        } catch (IOException e) {
            failure = e;
            return Ffmpeg.IO_ERROR;
        }
    }

    /** @throws InputException where the file could not be read meanwhile */
    private void check() {
        if (failure != null) {
            throw new InputException("cannot read " + file.label() + ": " + Reason.of(failure), "", failure);
        }
    }

    private MemorySegment context() {
        return context.get(ADDRESS, 0);
    }

    /** AVCodecParameters of the video stream. */
    MemorySegment parameters() {
        return Ffmpeg.pointerAt(stream, CODECPAR);
    }

    /** Seconds of a time in the stream's units, in the order of torchcodec's arithmetic. */
    double seconds(long time) {
        return (double) time * Ffmpeg.intAt(stream, TIME_BASE) / Ffmpeg.intAt(stream, TIME_BASE + Integer.BYTES);
    }

    /** The frame rate that the header claims; 0 where it has none. */
    double headerFps() {
        return rational(R_FRAME_RATE);
    }

    /** The average frame rate that the container claims; 0 where it has none. */
    double averageFps() {
        return rational(AVG_FRAME_RATE);
    }

    private double rational(long offset) {
        int per = Ffmpeg.intAt(stream, offset + Integer.BYTES);
        return per == 0 ? 0 : (double) Ffmpeg.intAt(stream, offset) / per;
    }

    /** Pixels in a row, as they are stored: before any turn. */
    int width() {
        return Ffmpeg.intAt(parameters(), WIDTH);
    }

    int height() {
        return Ffmpeg.intAt(parameters(), HEIGHT);
    }

    /** How often the frames are turned counter-clockwise by a right angle, 0 to 3. A mirrored display is not known to torchcodec. */
    int quarterTurns() {
        return Ffmpeg.get(() -> {
            MemorySegment sideData = (MemorySegment) Ffmpeg.SIDE_DATA.invokeExact(
                    Ffmpeg.pointerAt(parameters(), SIDE_DATA),
                    Ffmpeg.intAt(parameters(), SIDE_DATA_COUNT),
                    DISPLAY_MATRIX);
            if (Ffmpeg.isNull(sideData)) {
                return 0;
            }
            double degrees = (double) Ffmpeg.ROTATION.invokeExact(Ffmpeg.pointerAt(sideData, 0));
            double quarters = degrees / 90;
            long rounded = (long) (Math.signum(quarters) * Math.floor(Math.abs(quarters) + 0.5));
            return (int) Math.floorMod(rounded, 4L);
        });
    }

    /** Reads the video stream's next packet; false at the file's end, which a truncated file reaches early. */
    boolean next(Packet packet) {
        return Ffmpeg.get(() -> {
            do {
                packet.clear();
                if ((int) Ffmpeg.READ_FRAME.invokeExact(context(), packet.pointer()) < 0) {
                    check();
                    return false;
                }
            } while (packet.streamIndex() != streamIndex);
            return true;
        });
    }

    InputException refused(String reason, String hint) {
        return new InputException("cannot open the clip " + file.label() + ": " + reason, hint);
    }

    @Override
    public void close() {
        try (arena;
                reading) {
            Ffmpeg.call(() -> {
                if (!Ffmpeg.isNull(context())) {
                    Ffmpeg.CLOSE_INPUT.invokeExact(context);
                }
                MemorySegment opened = io.get(ADDRESS, 0);
                if (!Ffmpeg.isNull(opened)) {
                    Ffmpeg.FREEP.invokeExact(
                            opened.reinterpret(AVIO_BUFFER + ADDRESS.byteSize()).asSlice(AVIO_BUFFER));
                    Ffmpeg.AVIO_FREE.invokeExact(io);
                }
            });
        } catch (IOException e) {
            throw new InputException("cannot close " + file.label() + ": " + Reason.of(e), "", e);
        }
    }
}
