package dev.fovea.video;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.stream.Stream;

/** The functions of FFmpeg 8 (libavformat 62, libavcodec 62, libavutil 60, libswscale 9) that are used, with the headers' names. */
final class Ffmpeg {
    static final String DEPENDENCY = "org.bytedeco:ffmpeg:8.1.2-1.5.14 with the classifier of your platform";

    static final int EOF = -0x20464f45; // AVERROR_EOF: -MKTAG('E','O','F',' ')
    static final int IO_ERROR = -5;

    static final NativeLibrary LIBRARY = NativeLibrary.ofResources(
            "ffmpeg", "org/bytedeco/ffmpeg/" + NativeLibrary.platform(), files(NativeLibrary.platform()));

    private static final int QUIET = -8; // AV_LOG_QUIET

    private Ffmpeg() {}

    /** In the order of loading: they have no path by which they would find each other. */
    private static List<String> files(String platform) {
        List<String> own = List.of("avutil 60", "swresample 6", "avcodec 62", "avformat 62", "swscale 9");
        if (platform.startsWith("windows")) {
            return own.stream().map(l -> l.replace(' ', '-') + ".dll").toList();
        }
        if (platform.startsWith("macosx")) {
            return own.stream().map(l -> "lib" + l.replace(' ', '.') + ".dylib").toList();
        }
        return Stream.concat(
                        Stream.of("libdrm.so.2", "libva.so.2", "libva-drm.so.2"),
                        own.stream().map(l -> "lib" + l.replace(" ", ".so.")))
                .toList();
    }

    /** @throws NativeException where the libraries are not there */
    static void require() {
        if (!LIBRARY.isPresent()) {
            throw new NativeException(
                    "video files are read by FFmpeg, which is not there: " + LIBRARY.where(),
                    "add the dependency " + DEPENDENCY + "; on Linux it needs the system's libudev.so.1 (libudev1)");
        }
    }

    // ------------------------------------------------------------------------------------------------- containers

    static final MethodHandle ALLOC_CONTEXT = link("avformat_alloc_context", FunctionDescriptor.of(ADDRESS));
    static final MethodHandle OPEN_INPUT =
            link("avformat_open_input", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    static final MethodHandle CLOSE_INPUT = link("avformat_close_input", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle FIND_STREAM_INFO =
            link("avformat_find_stream_info", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle FIND_BEST_STREAM = link(
            "av_find_best_stream",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle READ_FRAME = link("av_read_frame", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle AVIO_ALLOC = link(
            "avio_alloc_context",
            FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    static final MethodHandle AVIO_FREE = link("avio_context_free", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle MALLOC = link("av_malloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG));
    static final MethodHandle FREEP = link("av_freep", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle DICT_SET =
            link("av_dict_set", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT));
    static final MethodHandle DICT_FREE = link("av_dict_free", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle SIDE_DATA =
            link("av_packet_side_data_get", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));
    static final MethodHandle ROTATION = link("av_display_rotation_get", FunctionDescriptor.of(JAVA_DOUBLE, ADDRESS));

    // ---------------------------------------------------------------------------------------------------- codecs

    static final MethodHandle FIND_DECODER = link("avcodec_find_decoder", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    static final MethodHandle ALLOC_CODEC = link("avcodec_alloc_context3", FunctionDescriptor.of(ADDRESS, ADDRESS));
    static final MethodHandle FREE_CODEC = link("avcodec_free_context", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle PARAMETERS =
            link("avcodec_parameters_to_context", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle OPEN_CODEC =
            link("avcodec_open2", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    static final MethodHandle SEND_PACKET =
            link("avcodec_send_packet", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle RECEIVE_FRAME =
            link("avcodec_receive_frame", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle CODEC_NAME = link("avcodec_get_name", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    static final MethodHandle OPT_SET_INT =
            link("av_opt_set_int", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT));
    static final MethodHandle PACKET_ALLOC = link("av_packet_alloc", FunctionDescriptor.of(ADDRESS));
    static final MethodHandle PACKET_UNREF = link("av_packet_unref", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle PACKET_FREE = link("av_packet_free", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle FRAME_ALLOC = link("av_frame_alloc", FunctionDescriptor.of(ADDRESS));
    static final MethodHandle FRAME_FREE = link("av_frame_free", FunctionDescriptor.ofVoid(ADDRESS));

    // ---------------------------------------------------------------------------------------------------- pixels

    static final MethodHandle SWS_CONTEXT = link(
            "sws_getContext",
            FunctionDescriptor.of(
                    ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS,
                    ADDRESS));
    static final MethodHandle SWS_FREE = link("sws_freeContext", FunctionDescriptor.ofVoid(ADDRESS));
    static final MethodHandle SWS_COEFFICIENTS = link("sws_getCoefficients", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    static final MethodHandle SWS_COLORSPACE = link(
            "sws_setColorspaceDetails",
            FunctionDescriptor.of(
                    JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle SWS_SCALE = link(
            "sws_scale",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));

    static {
        if (LIBRARY.isPresent()) {
            call(() -> {
                link("av_log_set_level", FunctionDescriptor.ofVoid(JAVA_INT)).invokeExact(QUIET);
            });
        }
    }

    /** What calls functions of FFmpeg. */
    interface Call {
        void run() throws Throwable;
    }

    /** The same with a result. */
    interface Getting<T> {
        T run() throws Throwable;
    }

    static void call(Call call) {
        get(() -> {
            call.run();
            return 0;
        });
    }

    /** What the calls give; what they throw themselves, and nothing else. */
    static <T> T get(Getting<T> getting) {
        try {
            return getting.run();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("FFmpeg cannot be called", "", e);
        }
    }

    private static MethodHandle link(String function, FunctionDescriptor type) {
        return LIBRARY.link(function, type);
    }

    // -------------------------------------------------------------------------------------------- fields of structs

    static int intAt(MemorySegment struct, long offset) {
        return struct.reinterpret(offset + Integer.BYTES).get(JAVA_INT, offset);
    }

    static long longAt(MemorySegment struct, long offset) {
        return struct.reinterpret(offset + Long.BYTES).get(JAVA_LONG, offset);
    }

    static MemorySegment pointerAt(MemorySegment struct, long offset) {
        return struct.reinterpret(offset + ADDRESS.byteSize()).get(ADDRESS, offset);
    }

    static void setPointer(MemorySegment struct, long offset, MemorySegment value) {
        struct.reinterpret(offset + ADDRESS.byteSize()).set(ADDRESS, offset, value);
    }

    static void setInt(MemorySegment struct, long offset, int value) {
        struct.reinterpret(offset + Integer.BYTES).set(JAVA_INT, offset, value);
    }

    /** A text that FFmpeg owns. */
    static String text(MemorySegment pointer) {
        return pointer.reinterpret(256).getString(0);
    }

    static MemorySegment text(Arena arena, String text) {
        return arena.allocateFrom(text);
    }

    static boolean isNull(MemorySegment pointer) {
        return pointer.address() == 0;
    }
}
