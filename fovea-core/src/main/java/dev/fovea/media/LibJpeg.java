package dev.fovea.media;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.x86.Escape;
import dev.fovea.ffi.x86.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The functions of libjpeg-turbo 3.0 (jpeglib.h) that are used, with the header's names: the samples of a file as Pillow gets them,
 * damaged ones too. Where there is machine code alone, since libjpeg's errors must not return.
 */
final class LibJpeg implements AutoCloseable {
    private static final int VERSION = 62; // JPEG_LIB_VERSION

    // jpeg_decompress_struct
    private static final long INFO_BYTES = 632;
    private static final int CLIENT_DATA = 24;
    private static final long SOURCE = 40;
    private static final long IMAGE_WIDTH = 48;
    private static final long IMAGE_HEIGHT = 52;
    private static final long NUM_COMPONENTS = 56;
    private static final long OUT_COLOR_SPACE = 64;
    private static final long OUTPUT_SCANLINE = 168;

    // jpeg_error_mgr
    private static final long ERROR_BYTES = 168;
    private static final long ERROR_EXIT = 0;
    private static final long OUTPUT_MESSAGE = 16;

    /** Of J_COLOR_SPACE, by the number of channels. */
    private static final int[] SPACES = {0, 1, 0, 2, 4};

    private static final byte[] RETURN = {(byte) 0xc3};
    private static final boolean PRESENT = Code.isPresent();

    /** Addresses, which are found when the first file is decoded. */
    private static final class Code {
        static final Map<String, Long> FUNCTIONS = Stream.of(
                        "jpeg_std_error",
                        "jpeg_CreateDecompress",
                        "jpeg_mem_src",
                        "jpeg_read_header",
                        "jpeg_start_decompress",
                        "jpeg_read_scanlines",
                        "jpeg_finish_decompress",
                        "jpeg_destroy_decompress")
                .flatMap(name -> Leptonica.LIBRARY.address(name).stream().mapToObj(at -> Map.entry(name, at)))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        static final long ERROR = MachineCode.address(Escape.error(CLIENT_DATA));
        static final long SILENCE = MachineCode.address(RETURN);

        static boolean isPresent() {
            try {
                return MachineCode.isPresent() && FUNCTIONS.size() == 8 && isKnown();
            } catch (NativeException _) {
                return false;
            }
        }
    }

    private final Arena arena = Arena.ofConfined();
    private final Escape escape = new Escape(arena);
    private final MemorySegment info = arena.allocate(INFO_BYTES, Long.BYTES);
    private final MemorySegment file;
    private final int width;
    private final int height;
    private final int channels;

    private LibJpeg(byte[] bytes, int width, int height, int channels) {
        file = arena.allocateFrom(JAVA_BYTE, bytes);
        this.width = width;
        this.height = height;
        this.channels = channels;
    }

    static boolean isPresent() {
        return PRESENT;
    }

    /** Whether the library has the version and the structs that are written down here; it compares them itself. */
    private static boolean isKnown() {
        try (LibJpeg trial = new LibJpeg(new byte[0], 0, 0, 0)) {
            return trial.create();
        }
    }

    /**
     * RGB, grey or CMYK as it is stored, by the number of channels: 1, 3 or 4.
     *
     * @return (height, width, channels)
     * @throws InputException where libjpeg refuses the file, or needs more of it for the picture
     */
    static byte[] samples(byte[] bytes, int width, int height, int channels) {
        try (LibJpeg jpeg = new LibJpeg(bytes, width, height, channels)) {
            jpeg.open();
            byte[] samples = jpeg.read();
            jpeg.checkEnd();
            jpeg.call("jpeg_finish_decompress", 0, 0);
            return samples;
        }
    }

    private boolean create() {
        MemorySegment errors = arena.allocate(ERROR_BYTES, Long.BYTES);
        escape.call(function("jpeg_std_error"), errors.address(), 0, 0);
        errors.set(JAVA_LONG, ERROR_EXIT, Code.ERROR);
        errors.set(JAVA_LONG, OUTPUT_MESSAGE, Code.SILENCE);
        info.set(ADDRESS, 0, errors);
        info.set(JAVA_LONG, CLIENT_DATA, escape.frame());
        return escape.call(function("jpeg_CreateDecompress"), info.address(), VERSION, INFO_BYTES);
    }

    private void open() {
        if (!create()) {
            throw damaged();
        }
        call("jpeg_mem_src", file.address(), file.byteSize());
        call("jpeg_read_header", 1, 0);
        if (info.get(JAVA_INT, IMAGE_WIDTH) != width
                || info.get(JAVA_INT, IMAGE_HEIGHT) != height
                || info.get(JAVA_INT, NUM_COMPONENTS) != channels) {
            throw damaged();
        }
        info.set(JAVA_INT, OUT_COLOR_SPACE, SPACES[channels]);
        call("jpeg_start_decompress", 0, 0);
    }

    private byte[] read() {
        int row = width * channels;
        byte[] samples = new byte[Math.multiplyExact(row, height)];
        MemorySegment line = arena.allocate(row);
        MemorySegment lines = arena.allocateFrom(ADDRESS, line);
        for (int y = 0; y < height; y++) {
            call("jpeg_read_scanlines", lines.address(), 1);
            if (info.get(JAVA_INT, OUTPUT_SCANLINE) != y + 1) {
                throw damaged();
            }
            MemorySegment.copy(line, JAVA_BYTE, 0, samples, y * row, row);
        }
        return samples;
    }

    /** At the file's end libjpeg goes on with an end marker of its own, and grey; Pillow stops. */
    private void checkEnd() {
        long next = info.get(ADDRESS, SOURCE).reinterpret(Long.BYTES).get(JAVA_LONG, 0);
        if (next < file.address() || next > file.address() + file.byteSize()) {
            throw Jpeg.truncated((int) file.byteSize());
        }
    }

    private static long function(String name) {
        return Code.FUNCTIONS.getOrDefault(name, 0L);
    }

    private void call(String function, long a, long b) {
        if (!escape.call(function(function), info.address(), a, b)) {
            throw damaged();
        }
    }

    private static InputException damaged() {
        return new InputException(
                "The JPEG file is damaged: libjpeg cannot decode it", "fetch or save the picture again");
    }

    @Override
    public void close() {
        try (arena) {
            escape.call(function("jpeg_destroy_decompress"), info.address(), 0, 0);
        }
    }
}
