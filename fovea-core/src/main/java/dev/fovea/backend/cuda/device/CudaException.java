package dev.fovea.backend.cuda.device;

import dev.fovea.error.NativeException;
import java.util.Set;

/** The CUDA driver refused or failed something. */
final class CudaException extends NativeException {
    private static final long serialVersionUID = 1L;

    private static final int OUT_OF_MEMORY = 2;

    /** A driver where there is no GPU: none is found, or the library is the toolkit's stub. */
    private static final Set<Integer> WITHOUT_GPU = Set.of(34, 100);

    /**
     * CUresult after which the card, or this process's context on it, is lost: deinitialised; unavailable; memory or link errors
     * that cannot be corrected; and what a kernel did that it must not.
     */
    private static final Set<Integer> FATAL =
            Set.of(4, 46, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999);

    private final int status;

    private CudaException(int status, String problem, String hint) {
        super(problem, hint);
        this.status = status;
    }

    /**
     * @param what was done
     * @param status CUresult
     * @param name of the status, as the driver gives it
     * @param text about the status, as the driver gives it
     */
    static CudaException of(String what, int status, String name, String text) {
        return new CudaException(status, what + " failed: " + name + " (" + status + "), " + text, hint(status));
    }

    /** The same, with what a log says of it. */
    CudaException with(String log) {
        return new CudaException(status, problem() + ": " + log, hint());
    }

    /** The same, met while a GPU was opened. */
    NativeException of(Gpu gpu) {
        return new NativeException("cannot use " + gpu + ": " + problem(), hint(), this);
    }

    /** Whether the device has no memory for what was asked; of the host see {@link Driver#allocatePinned}. */
    boolean isOutOfMemory() {
        return status == OUT_OF_MEMORY;
    }

    /** Whether nothing can be done with the device any more. */
    boolean isFatal() {
        return FATAL.contains(status);
    }

    /** Whether it is what a machine without a GPU says. */
    boolean isWithoutGpu() {
        return WITHOUT_GPU.contains(status);
    }

    private static String hint(int status) {
        return switch (status) {
            case 2 -> "other programs may hold the GPU's memory: nvidia-smi lists them";
            case 34 ->
                "the library is the toolkit's stub for linking; the driver's own comes before it in the system's search path";
            case 46, 101, 802 -> "nvidia-smi shows the state of the GPU; another program may have it for itself";
            case 100 -> "nvidia-smi lists GPUs; CUDA_VISIBLE_DEVICES can hide them, and a container needs --gpus all";
            case 200, 209, 218, 222, 300 ->
                "the driver is older than what the kernels were compiled with; a newer driver helps";
            case 214, 220 -> "the GPU's hardware failed; nvidia-smi -q shows its errors";
            case 221 -> "the driver's compiler is missing; NVRTC helps: pip install nvidia-cuda-nvrtc-cu12";
            case 700, 710, 714, 715, 716, 717, 718, 719 ->
                "a kernel failed, which is a fault of Fovea's: -Dfovea.cuda.wait=true finds out which, and please report it";
            case 702 -> "the GPU also drives a display, whose driver ends kernels that take long";
            case 803 -> "the driver was updated meanwhile; restart the machine, or the container";
            case 999, 4 -> "the GPU may be lost: nvidia-smi and the system's log say more";
            default -> "";
        };
    }
}
