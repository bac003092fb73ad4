package dev.fovea.backend.cuda.device;

import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.ffi.Cleanup;
import dev.fovea.ffi.Unpacking;
import java.util.List;
import java.util.Optional;

/** The GPUs of this machine and what they need. Nothing is loaded before it is asked for. Safe for use by many threads. */
public final class Cuda {
    /** What the PTX of the archive needs: that of NVRTC 12.4. */
    private static final int ARCHIVE_CUDA = 12040;

    private static final long NO_CONTEXT = 0;

    private Cuda() {}

    /** The GPUs that the driver sees, usable or not. */
    public static List<Gpu> gpus() {
        return CudaFacts.here().gpus();
    }

    /**
     * Bytes of a GPU's memory that a model would find free. Wakes it up, which takes up to a second.
     *
     * @throws NativeException where it cannot be used
     */
    public static long freeBytes(Gpu gpu) {
        try {
            int device = Driver.device(gpu.ordinal());
            long context = Driver.retainContext(device);
            long free;
            try {
                Driver.makeCurrent(context);
                free = Driver.freeBytes();
            } catch (RuntimeException | Error e) {
                Cleanup.after(e, () -> leave(device));
                throw e;
            }
            leave(device);
            return free;
        } catch (CudaException e) {
            throw e.of(gpu);
        }
    }

    private static void leave(int device) {
        Cleanup.all(() -> Driver.makeCurrent(NO_CONTEXT), () -> Driver.releaseContext(device));
    }

    /** The GPUs that can be used. */
    public static List<Gpu> usable() {
        return CudaFacts.here().usable();
    }

    /** Why no GPU can be used; empty where one can. */
    public static Optional<String> refusal() {
        return CudaFacts.here().refusal().map(CudaFacts.Refusal::problem);
    }

    /** What would help where no GPU can be used; empty where one can. */
    public static Optional<String> remedy() {
        return CudaFacts.here().refusal().map(CudaFacts.Refusal::hint);
    }

    /** Why no GPU can be used, where there seems to be one. */
    public static Optional<NativeException> unusableGpu() {
        return CudaFacts.here()
                .refusal()
                .filter(CudaFacts.Refusal::mayHaveGpu)
                .map(r -> new NativeException("no GPU can be used: " + r.problem(), r.hint()));
    }

    /**
     * A library.
     *
     * @param name for people
     * @param isPresent whether it is there and fits
     * @param line version and place, or why it is not there
     * @param hint what would help; empty where it is there
     */
    public record Library(String name, boolean isPresent, String line, String hint) {
        private static Library of(LibrarySearch.Library library, Libraries.Opened<?> opened) {
            return new Library(library.toString(), opened.value().isPresent(), opened.line(), opened.hint());
        }
    }

    /** The driver, NVRTC and cuBLASLt; loads them. */
    public static List<Library> libraries() {
        CudaFacts facts = CudaFacts.here();
        String driver = facts.cuda() == 0 ? "" : "for CUDA " + CudaFacts.version(facts.cuda()) + ", ";
        return List.of(
                new Library("CUDA driver", facts.present(), driver + facts.driver(), ""),
                Library.of(LibrarySearch.Library.NVRTC, Libraries.nvrtc()),
                Library.of(LibrarySearch.Library.CUBLASLT, Libraries.cublasLt()));
    }

    /**
     * A GPU.
     *
     * @param ordinal its number among those that the driver sees
     * @throws dev.fovea.error.OptionException where there are fewer
     * @throws NativeException where it cannot be used
     */
    public static Device open(int ordinal, Warnings warnings) {
        CudaFacts facts = CudaFacts.here();
        Gpu gpu = facts.require(ordinal);
        return CudaDevice.open(gpu, code(gpu, facts, Libraries.nvrtc(), warnings));
    }

    private static KernelCode code(Gpu gpu, CudaFacts facts, Libraries.Opened<Nvrtc> nvrtc, Warnings warnings) {
        Optional<String> architecture =
                nvrtc.value().flatMap(n -> KernelCode.architecture(gpu.capability(), n.architectures()));
        if (architecture.isPresent()) {
            CodeCache cache = new CodeCache(Unpacking.cache().map(folder -> folder.resolve("cuda")), warnings);
            return KernelCode.compiled(nvrtc.value().orElseThrow(), architecture.get(), cache);
        }
        if (facts.cuda() < ARCHIVE_CUDA) {
            String why = nvrtc.value().isPresent()
                    ? "this NVRTC makes no code for it (" + nvrtc.line() + ")"
                    : "there is no NVRTC (" + nvrtc.line() + ")";
            throw new NativeException(
                    "cannot use " + gpu + ": " + why
                            + ", and without it a driver for CUDA 12.4 is needed; this one is for "
                            + CudaFacts.version(facts.cuda()),
                    (nvrtc.hint().isEmpty() ? "install a newer NVRTC" : nvrtc.hint())
                            + ", or update NVIDIA's driver to 550 or later");
        }
        return KernelCode.ofArchive(KernelArchive.bundled());
    }
}
