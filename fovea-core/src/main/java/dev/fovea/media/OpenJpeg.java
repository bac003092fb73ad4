package dev.fovea.media;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** The functions of OpenJPEG 2.5 (openjpeg.h) that are used, with the header's names; Leptonica's library carries them. */
final class OpenJpeg implements AutoCloseable {
    /** OPJ_CLRSPC_SYCC. */
    static final int SYCC = 3;

    private static final int CODESTREAM = 0; // OPJ_CODEC_J2K
    private static final int FILE = 2; // OPJ_CODEC_JP2
    private static final long CHUNK = 1 << 20;

    /** Of opj_dparameters_t, and where its flags are: behind two paths of 4096 bytes. */
    private static final long PARAMETERS_BYTES = 8256;

    private static final long FLAGS_AT = 8248;

    /** OPJ_DPARAMETERS_IGNORE_PCLR_CMAP_CDEF_FLAG: components as they are stored. */
    private static final int AS_STORED = 1;

    private static final long IMAGE_BYTES = 48;
    private static final long COMPONENT_BYTES = 64;
    private static final long DATA_AT = 48;

    private static final MethodHandle STREAM_CREATE =
            link("opj_stream_create", FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SET_READ =
            link("opj_stream_set_read_function", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
    private static final MethodHandle SET_SKIP =
            link("opj_stream_set_skip_function", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
    private static final MethodHandle SET_USER_DATA =
            link("opj_stream_set_user_data", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle SET_LENGTH =
            link("opj_stream_set_user_data_length", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
    private static final MethodHandle STREAM_DESTROY = link("opj_stream_destroy", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle CREATE_DECOMPRESS =
            link("opj_create_decompress", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    private static final MethodHandle DEFAULTS =
            link("opj_set_default_decoder_parameters", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle SETUP =
            link("opj_setup_decoder", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle READ_HEADER =
            link("opj_read_header", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle DECODE =
            link("opj_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle END =
            link("opj_end_decompress", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle DESTROY_CODEC = link("opj_destroy_codec", FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle DESTROY_IMAGE = link("opj_image_destroy", FunctionDescriptor.ofVoid(ADDRESS));

    /** What the header says of one, with its distances on the reference grid. */
    record Component(int dx, int dy, int width, int height, int precision, boolean signed) {}

    private final Arena arena = Arena.ofConfined();
    private final byte[] bytes;
    private long position;
    private final MemorySegment stream;
    private final MemorySegment codec;
    private MemorySegment image = MemorySegment.NULL;

    /** Reads the header. */
    OpenJpeg(byte[] bytes, boolean codestream) {
        if (!Leptonica.LIBRARY.isPresent()) {
            throw new NativeException(
                    "JPEG 2000 is read by OpenJPEG, which is not there: " + Leptonica.LIBRARY.where(),
                    "Add the dependency " + Leptonica.DEPENDENCY
                            + ", or convert the picture: opj_decompress -i FILE -o picture.png");
        }
        this.bytes = bytes;
        try {
            stream = (MemorySegment) STREAM_CREATE.invokeExact(CHUNK, 1);
            SET_READ.invokeExact(stream, upcall("read", MemorySegment.class));
            SET_SKIP.invokeExact(stream, upcall("skip", long.class));
            SET_USER_DATA.invokeExact(stream, MemorySegment.NULL, MemorySegment.NULL);
            SET_LENGTH.invokeExact(stream, (long) bytes.length);
            codec = (MemorySegment) CREATE_DECOMPRESS.invokeExact(codestream ? CODESTREAM : FILE);
            MemorySegment parameters = arena.allocate(PARAMETERS_BYTES, 8);
            DEFAULTS.invokeExact(parameters);
            parameters.set(JAVA_INT, FLAGS_AT, AS_STORED);
            MemorySegment found = arena.allocate(ADDRESS);
            boolean read = (int) SETUP.invokeExact(codec, parameters) != 0
                    && (int) READ_HEADER.invokeExact(stream, codec, found) != 0;
            image = found.get(ADDRESS, 0).reinterpret(IMAGE_BYTES);
            if (!read) {
                throw damaged();
            }
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private static MethodHandle link(String function, FunctionDescriptor type) {
        return Leptonica.LIBRARY.link(function, type);
    }

    private MemorySegment upcall(String name, Class<?> first) throws ReflectiveOperationException {
        boolean reads = first == MemorySegment.class;
        MethodType type = reads
                ? MethodType.methodType(long.class, MemorySegment.class, long.class, MemorySegment.class)
                : MethodType.methodType(long.class, long.class, MemorySegment.class);
        MethodHandle method = MethodHandles.lookup().bind(this, name, type);
        FunctionDescriptor signature = reads
                ? FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS)
                : FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS);
        return NativeLibrary.upcall(method, signature, arena);
    }

    @SuppressWarnings("UnusedMethod") // by upcall
    private long read(MemorySegment buffer, long size, MemorySegment unused) {
        int count = (int) Math.min(size, Math.max(0, bytes.length - position));
        if (count == 0) {
            return -1;
        }
        MemorySegment.copy(MemorySegment.ofArray(bytes), position, buffer.reinterpret(size), 0, count);
        position += count;
        return count;
    }

    /** Pillow gives back the place, not the distance. */
    @SuppressWarnings("UnusedMethod") // by upcall
    private long skip(long size, MemorySegment unused) {
        position = Math.max(0, position + size);
        return position == 0 ? -1 : position;
    }

    int width() {
        return image.get(JAVA_INT, 8) - image.get(JAVA_INT, 0);
    }

    int height() {
        return image.get(JAVA_INT, 12) - image.get(JAVA_INT, 4);
    }

    int componentCount() {
        return image.get(JAVA_INT, 16);
    }

    int colourSpace() {
        return image.get(JAVA_INT, 20);
    }

    private MemorySegment components() {
        return image.get(ADDRESS, 24).reinterpret(COMPONENT_BYTES * componentCount());
    }

    Component component(int index) {
        MemorySegment c = components().asSlice(COMPONENT_BYTES * index, COMPONENT_BYTES);
        return new Component(
                c.get(JAVA_INT, 0),
                c.get(JAVA_INT, 4),
                c.get(JAVA_INT, 8),
                c.get(JAVA_INT, 12),
                c.get(JAVA_INT, 24),
                c.get(JAVA_INT, 32) != 0);
    }

    void decode() {
        try {
            boolean done =
                    (int) DECODE.invokeExact(codec, stream, image) != 0 && (int) END.invokeExact(codec, stream) != 0;
            if (!done) {
                throw damaged();
            }
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** The samples of a component, once it is decoded: {@code (height, width)}. */
    int[] samples(int index) {
        Component c = component(index);
        MemorySegment data = components().get(ADDRESS, COMPONENT_BYTES * index + DATA_AT);
        if (data.address() == 0) {
            throw damaged();
        }
        return data.reinterpret(4L * c.width * c.height).toArray(JAVA_INT);
    }

    private static InputException damaged() {
        return new InputException(
                "The JPEG 2000 file is truncated or damaged: OpenJPEG cannot decode it",
                "Fetch or save the picture again.");
    }

    private static RuntimeException rethrown(Throwable e) {
        return switch (e) {
            case RuntimeException known -> known;
            case Error error -> throw error;
            default -> new NativeException("OpenJPEG cannot be called", "", e);
        };
    }

    @Override
    public void close() {
        try (arena) {
            DESTROY_CODEC.invokeExact(codec);
            if (image.address() != 0) {
                DESTROY_IMAGE.invokeExact(image);
            }
            STREAM_DESTROY.invokeExact(stream);
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }
}
