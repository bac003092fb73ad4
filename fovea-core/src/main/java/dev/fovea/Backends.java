package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cuda.Cuda;
import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.Gpu;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.tensor.Backend;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/** The devices that options name, and their backends. */
final class Backends {
    private static final List<String> NAMES =
            List.of("auto", "cpu", "cpu:java", "cuda", "cuda:N", "cuda:ptx", "reference");
    private static final String CUDA = "cuda:";
    private static final Pattern NUMBERED = Pattern.compile(CUDA + "[0-9]{1,3}");

    private Backends() {}

    /** @throws OptionException for a name that no device has */
    static void check(String device) {
        if (!NAMES.contains(device) && !NUMBERED.matcher(device).matches() || device.equals("cuda:N")) {
            throw new OptionException("device is \"" + device + "\"; this build knows " + String.join(", ", NAMES));
        }
    }

    static Backend of(LoadOptions options) {
        return of(options, () -> 0);
    }

    /**
     * A backend for a model.
     *
     * @param weightBytes what its weights take, asked for where they do not stay in the host's memory
     * @throws MemoryException where a device has less
     */
    static Backend of(LoadOptions options, LongSupplier weightBytes) {
        return switch (options.device()) {
            case "auto" -> auto(options, weightBytes);
            case "cpu" -> cpu(options, CpuBackend.GemmChoice.AUTO);
            case "cpu:java" -> cpu(options, CpuBackend.GemmChoice.JAVA);
            case "reference" -> new ReferenceBackend();
            case "cuda:ptx" -> CudaBackend.interpreted();
            case "cuda" -> cuda(0, options, weightBytes);
            default -> cuda(Integer.parseInt(options.device().substring(CUDA.length())), options, weightBytes);
        };
    }

    private static Backend cpu(LoadOptions options, CpuBackend.GemmChoice gemm) {
        int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
        return CpuBackend.create(new CpuBackend.Options(threads, gemm));
    }

    private static Backend cuda(int ordinal, LoadOptions options, LongSupplier weightBytes) {
        CudaBackend backend = new CudaBackend(Cuda.open(ordinal, options.warnings()));
        try {
            requireRoom(weightBytes.getAsLong(), backend.freeBytes(), backend.describe());
            return backend;
        } catch (RuntimeException | Error e) {
            backend.close();
            throw e;
        }
    }

    /** @throws MemoryException with the numbers */
    static void requireRoom(long needed, long free, String device) {
        if (needed > free) {
            throw new MemoryException(
                    String.format(Locale.ROOT, "the weights take %.2f GB; %s", needed / 1e9, device),
                    "--device cpu needs no GPU's memory; --dtype bfloat16 halves what is float32");
        }
    }

    /** The first GPU that can be used, else the CPU; a GPU that looks usable and is not is worth a word. */
    private static Backend auto(LoadOptions options, LongSupplier weightBytes) {
        Gpu gpu = Cuda.first().orElse(null);
        if (gpu != null) {
            try {
                return cuda(gpu.ordinal(), options, weightBytes);
            } catch (NativeException | MemoryException e) {
                options.warnings().warn(e.problem() + "; the CPU computes instead");
            }
        }
        return cpu(options, CpuBackend.GemmChoice.AUTO);
    }
}
