package dev.fovea.backend.cuda.device;

/**
 * A GPU, as its driver describes it.
 *
 * @param ordinal its number among those that this process sees
 * @param name {@code NVIDIA H100 80GB HBM3}
 * @param capability compute capability times ten: 90 is 9.0
 * @param multiprocessors how many
 * @param totalBytes of memory
 */
public record Gpu(int ordinal, String name, int capability, int multiprocessors, long totalBytes) {
    /** Ampere: bfloat16 and asynchronous copies. */
    static final int LEAST_CAPABILITY = 80;

    static Gpu ask(int ordinal) {
        int device = Driver.device(ordinal);
        int capability = 10 * Driver.attribute(Driver.CAPABILITY_MAJOR, device)
                + Driver.attribute(Driver.CAPABILITY_MINOR, device);
        return new Gpu(
                ordinal,
                Driver.name(device),
                capability,
                Driver.attribute(Driver.MULTIPROCESSORS, device),
                Driver.totalBytes(device));
    }

    /** Whether the kernels can run on it. */
    public boolean isUsable() {
        return capability >= LEAST_CAPABILITY;
    }

    /** {@code cuda:0 (NVIDIA H100 80GB HBM3)}. */
    @Override
    public String toString() {
        return "cuda:" + ordinal + " (" + name + ")";
    }

    /** {@code 9.0}. */
    public String capabilityText() {
        return capability / 10 + "." + capability % 10;
    }
}
