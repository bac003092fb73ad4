package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.backend.cuda.device.LibrarySearch.Found;
import dev.fovea.backend.cuda.device.LibrarySearch.Library;
import dev.fovea.error.NativeException;
import dev.fovea.error.Quote;
import dev.fovea.ffi.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** NVIDIA's libraries beside the driver: which of those found fits the driver, or why none does and what would help. */
final class Libraries {
    private static final int OLDEST_MAJOR = 12;

    private static @Nullable Opened<Nvrtc> compiler;

    private Libraries() {}

    /** The CUDA driver, or why there is none. */
    static NativeLibrary driver() {
        return DriverLibrary.LIBRARY;
    }

    private static final class DriverLibrary {
        private static final NativeLibrary LIBRARY =
                NativeLibrary.ofSystem("the CUDA driver", LibrarySearch.here().drivers());
    }

    /**
     * A library, opened or not.
     *
     * @param value where it is there
     * @param line for people: version and place, or why it is not there
     * @param hint what would help; empty where it is there
     */
    record Opened<T>(Optional<T> value, String line, String hint) {}

    /**
     * The compiler for this driver, or why there is none.
     *
     * @throws NativeException where the user names one that is not there
     */
    static synchronized Opened<Nvrtc> nvrtc() {
        Opened<Nvrtc> opened = compiler;
        if (opened == null) {
            opened = Nvrtc.development()
                    .map(nvrtc -> new Opened<>(Optional.of(nvrtc), line(nvrtc), ""))
                    .orElseGet(() -> open(Library.NVRTC, found -> Nvrtc.open(found.file()), Libraries::line));
            compiler = opened;
        }
        return opened;
    }

    private static String line(Nvrtc nvrtc) {
        return nvrtc.version() + ", " + nvrtc.where();
    }

    /** The library of matrix products for this driver, or why there is none. */
    static Opened<NativeLibrary> cublasLt() {
        return Multiplier.OPENED;
    }

    private static final class Multiplier {
        private static final Opened<NativeLibrary> OPENED =
                open(Library.CUBLASLT, Multiplier::load, library -> version(library) + ", " + library.where());

        private static NativeLibrary load(Found found) {
            NativeLibrary library = NativeLibrary.ofFiles("cuBLASLt", List.of(found.file()));
            if (!library.isPresent()) {
                throw new NativeException(library.where());
            }
            return library;
        }

        /** {@code 13.1.0}. */
        private static String version(NativeLibrary library) {
            MethodHandle ask = library.link("cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG));
            int version = Call.of(() -> Math.toIntExact((long) ask.invokeExact()));
            return version / 10000 + "." + version / 100 % 100 + "." + version % 100;
        }
    }

    private static <T> Opened<T> open(Library library, Function<Found, T> opening, Function<T, String> line) {
        Choice choice = choose(
                library, LibrarySearch.here().find(library), CudaFacts.here().cuda());
        List<String> failures = new ArrayList<>();
        for (Found found : choice.usable()) {
            try {
                T value = opening.apply(found);
                return new Opened<>(Optional.of(value), line.apply(value), "");
            } catch (NativeException e) {
                failures.add(e.problem());
            }
        }
        String problem = failures.isEmpty() ? choice.problem() : String.join("; ", failures);
        return new Opened<>(Optional.empty(), problem, choice.hint());
    }

    /**
     * What fits a driver of what was found.
     *
     * @param usable best first
     * @param problem why there is none; empty where there is one
     * @param hint what would help to have one
     */
    record Choice(List<Found> usable, String problem, String hint) {}

    /**
     * Chooses: never of a CUDA newer than the driver's, whose code it would refuse.
     *
     * @param found best first
     * @param cuda the newest that the driver knows: 12040; 0 where there is no driver
     */
    static Choice choose(Library library, List<Found> found, int cuda) {
        int newest = cuda == 0 ? Integer.MAX_VALUE : cuda / 1000;
        List<Found> usable = found.stream()
                .filter(f -> f.major() >= OLDEST_MAJOR && f.major() <= newest)
                .toList();
        if (!usable.isEmpty()) {
            return new Choice(usable, "", "pip install " + wheel(library, newest));
        }
        Optional<Found> tooNew = found.stream().filter(f -> f.major() > newest).findFirst();
        if (tooNew.isPresent()) {
            return new Choice(
                    usable,
                    Quote.of(tooNew.get().file()) + " is of CUDA "
                            + tooNew.get().major() + ", the driver for CUDA " + CudaFacts.version(cuda),
                    "pip install " + wheel(library, newest) + ", or a newer driver");
        }
        String problem = found.isEmpty()
                ? "not found in a CUDA toolkit, a Python environment or the system"
                : Quote.of(found.getFirst().file()) + " is of CUDA "
                        + found.getFirst().major() + "; 12 is needed at least";
        return new Choice(usable, problem, "pip install " + wheel(library, newest));
    }

    private static String wheel(Library library, int newestMajor) {
        String name = library == Library.NVRTC ? "nvidia-cuda-nvrtc" : "nvidia-cublas";
        return newestMajor == OLDEST_MAJOR ? name + "-cu12" : name;
    }
}
