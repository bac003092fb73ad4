package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cuda.Cuda;
import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.Gpu;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.FoveaException;
import dev.fovea.error.OptionException;
import dev.fovea.tensor.Backend;
import java.util.List;
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
        return switch (options.device()) {
            case "auto" -> auto(options);
            case "cpu" -> cpu(options, CpuBackend.GemmChoice.AUTO);
            case "cpu:java" -> cpu(options, CpuBackend.GemmChoice.JAVA);
            case "reference" -> new ReferenceBackend();
            case "cuda:ptx" -> CudaBackend.interpreted();
            case "cuda" -> cuda(0, options);
            default -> cuda(Integer.parseInt(options.device().substring(CUDA.length())), options);
        };
    }

    private static Backend cpu(LoadOptions options, CpuBackend.GemmChoice gemm) {
        int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
        return CpuBackend.create(new CpuBackend.Options(threads, gemm));
    }

    private static Backend cuda(int ordinal, LoadOptions options) {
        return new CudaBackend(Cuda.open(ordinal, options.warnings()));
    }

    /** The first GPU that can be used, else the CPU; a GPU that looks usable and is not is worth a word. */
    private static Backend auto(LoadOptions options) {
        Gpu gpu = Cuda.first().orElse(null);
        if (gpu != null) {
            try {
                return cuda(gpu.ordinal(), options);
            } catch (FoveaException e) {
                options.warnings().warn(e.getMessage() + "; the CPU computes instead");
            }
        }
        return cpu(options, CpuBackend.GemmChoice.AUTO);
    }
}
