package dev.fovea.backend.cuda.device;

import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.ffi.NativeLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the CUDA driver says of this machine, and what follows from it.
 *
 * @param driver the library that was loaded, or why none was
 * @param present whether one was
 * @param cuda the newest version of CUDA that the driver knows: 12040 is 12.4; 0 where it did not say
 * @param failure why it does not start, where it does not
 * @param gpus that it sees
 */
record CudaFacts(
        String driver, boolean present, int cuda, @Nullable NativeException failure, List<Gpu> gpus) {
    private static final String OR_CPU = "or take --device cpu";

    /** What the libraries of CUDA 12 need. */
    private static final int LEAST_CUDA = 12000;

    CudaFacts {
        gpus = List.copyOf(gpus);
    }

    private static final class Here {
        private static final CudaFacts FACTS = ask();
    }

    /** Of this machine, asked once. */
    static CudaFacts here() {
        return Here.FACTS;
    }

    private static CudaFacts ask() {
        NativeLibrary library = Libraries.driver();
        if (!library.isPresent()) {
            return new CudaFacts(library.where(), false, 0, null, List.of());
        }
        int cuda = 0;
        List<Gpu> gpus = new ArrayList<>();
        try {
            cuda = Driver.version();
            Driver.init();
            for (int i = 0; i < Driver.deviceCount(); i++) {
                gpus.add(Gpu.ask(i));
            }
            return new CudaFacts(library.where(), true, cuda, null, gpus);
        } catch (NativeException e) {
            return new CudaFacts(library.where(), true, cuda, e, gpus);
        }
    }

    /** {@code 12.4}. */
    static String version(int cuda) {
        return cuda / 1000 + "." + cuda % 1000 / 10;
    }

    /** The GPUs that kernels can run on. */
    List<Gpu> usable() {
        return refusal().isPresent()
                ? List.of()
                : gpus.stream().filter(Gpu::isUsable).toList();
    }

    /**
     * Why no GPU at all can be used, and what would help.
     *
     * @param mayHaveGpu whether there seems to be one all the same
     */
    record Refusal(String problem, String hint, boolean mayHaveGpu) {}

    /** Empty where one can be used. */
    Optional<Refusal> refusal() {
        if (!present) {
            return refusal(
                    "there is no CUDA driver: " + driver,
                    "install NVIDIA's driver, or where it is installed start the container with --gpus all",
                    false);
        }
        if (failure != null) {
            return refusal(
                    failure.problem(),
                    failure.hint().isEmpty() ? "nvidia-smi tells more" : failure.hint(),
                    !(failure instanceof CudaException e && e.isWithoutGpu()));
        }
        if (cuda < LEAST_CUDA) {
            return refusal(
                    "the CUDA driver is for CUDA " + version(cuda) + ", and 12.0 is needed at least",
                    "update NVIDIA's driver to 525 or later",
                    !gpus.isEmpty());
        }
        if (gpus.isEmpty()) {
            return refusal(
                    "the CUDA driver sees none",
                    "nvidia-smi lists GPUs; CUDA_VISIBLE_DEVICES can hide them, and a container needs --gpus all",
                    false);
        }
        if (gpus.stream().noneMatch(Gpu::isUsable)) {
            return refusal(tooOld(gpus.getFirst()), "GPUs since Ampere (2020) have it", true);
        }
        return Optional.empty();
    }

    private static Optional<Refusal> refusal(String problem, String hint, boolean mayHaveGpu) {
        return Optional.of(new Refusal(problem, hint, mayHaveGpu));
    }

    private static String tooOld(Gpu gpu) {
        return gpu + " has compute capability " + gpu.capabilityText() + ", and 8.0 is needed at least";
    }

    /**
     * The GPU of a number.
     *
     * @throws OptionException where there are fewer
     * @throws NativeException where it cannot be used
     */
    Gpu require(int ordinal) {
        refusal().ifPresent(r -> {
            throw new NativeException("no GPU can be used: " + r.problem(), r.hint() + ", " + OR_CPU, failure);
        });
        if (ordinal < 0 || ordinal >= gpus.size()) {
            String there = gpus.stream().map(Gpu::toString).collect(Collectors.joining(", "));
            throw new OptionException(
                    "there is no cuda:" + ordinal + "; this machine has " + there,
                    "take one of these, " + OR_CPU + "; CUDA_VISIBLE_DEVICES can hide others");
        }
        Gpu gpu = gpus.get(ordinal);
        if (!gpu.isUsable()) {
            throw new NativeException(tooOld(gpu), "take another GPU, " + OR_CPU);
        }
        return gpu;
    }
}
