package dev.fovea.media;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Locale;

/** The functions of libwebp (webp/decode.h) that are used, with the header's names. */
final class LibWebp {
    private static final NativeLibrary LIBRARY = NativeLibrary.ofResources(
            "libwebp", "dev/fovea/media/native/" + platform(), List.of(System.mapLibraryName("webp-imageio")));

    /** WEBP_DECODER_ABI_VERSION, of which only the upper byte must agree. */
    private static final int ABI = 0x0209;

    /** WebPBitstreamFeatures: width, height, has_alpha, has_animation, format and five more, all int. */
    private static final long FEATURES_BYTES = 40;

    private static final MethodHandle GET_FEATURES = LIBRARY.link(
            "WebPGetFeaturesInternal", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_INT));
    private static final FunctionDescriptor DECODE =
            FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle DECODE_RGB = LIBRARY.link("WebPDecodeRGBInto", DECODE);
    private static final MethodHandle DECODE_RGBA = LIBRARY.link("WebPDecodeRGBAInto", DECODE);

    private LibWebp() {}

    /**
     * A file with one frame: mode RGBA where its header says that it has alpha, else RGB.
     *
     * @throws InputException where libwebp finds it damaged
     * @throws NativeException where there is no libwebp for this platform
     */
    static DecodedImage decode(byte[] file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocateFrom(JAVA_BYTE, file);
            MemorySegment features = arena.allocate(FEATURES_BYTES, JAVA_INT.byteAlignment());
            if ((int) GET_FEATURES.invokeExact(data, data.byteSize(), features, ABI) != 0) {
                throw damaged();
            }
            int width = features.getAtIndex(JAVA_INT, 0);
            int height = features.getAtIndex(JAVA_INT, 1);
            Mode mode = features.getAtIndex(JAVA_INT, 2) != 0 ? Mode.RGBA : Mode.RGB;
            byte[] samples = mode.samples(width, height);
            MemorySegment out = arena.allocate(samples.length);
            MethodHandle decode = mode == Mode.RGBA ? DECODE_RGBA : DECODE_RGB;
            MemorySegment end =
                    (MemorySegment) decode.invokeExact(data, data.byteSize(), out, out.byteSize(), width * mode.bytes);
            if (end.address() == 0) {
                throw damaged();
            }
            MemorySegment.copy(out, JAVA_BYTE, 0, samples, 0, samples.length);
            return DecodedImage.of(mode, width, height, samples);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("libwebp cannot be called", "", e);
        }
    }

    private static InputException damaged() {
        return new InputException(
                "The WebP file is damaged: libwebp cannot decode it", "fetch or save the picture again");
    }

    /** As the jar of webp-imageio names its folders. */
    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        return (os.startsWith("mac") ? "Mac" : os.startsWith("windows") ? "Windows" : "Linux")
                + "/"
                + (arch.equals("amd64") ? "x86_64" : arch);
    }
}
