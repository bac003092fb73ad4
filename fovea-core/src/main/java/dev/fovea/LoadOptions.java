package dev.fovea;

import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.io.Quantization;
import dev.fovea.tensor.DType;
import java.util.Objects;
import java.util.Optional;
import java.util.function.DoubleConsumer;

/**
 * How a model is opened.
 *
 * <pre>{@code LoadOptions.DEFAULT.withDtype("bfloat16").withThreads(4)}</pre>
 *
 * @param device {@code auto}: a GPU that can be used, several where one is too small, else the CPU; {@code cuda:0,cuda:1}, or {@code
 *     cuda:0,cpu}: several devices, each with some of the layers; {@code cuda}, {@code cuda:1}: an NVIDIA GPU by its number;
 *     {@code cpu}; {@code cpu:java} for the CPU without native libraries; {@code reference} for the plain loops that define
 *     every operation, and {@code cuda:ptx} for the GPU's kernels interpreted without one, both thousands of times slower
 * @param dtype in which the model computes; empty for the checkpoint's own
 * @param threads of the backend; 0 for one per processor
 * @param warnings where is said what is odd about the directory but no error
 * @param quantize which weights are kept in fewer bits: {@link #withQuantize}
 * @param quantizeListener gets the share that is done, 0 to 1, while such weights are made, on the thread that opens the model
 * @param uploadListener gets the share of a model's weights that GPUs have, 0 to 1, while they go up, on the thread that opens the model;
 *     nothing on the CPU, which maps them
 */
public record LoadOptions(
        String device,
        Optional<DType> dtype,
        int threads,
        Warnings warnings,
        String quantize,
        DoubleConsumer quantizeListener,
        DoubleConsumer uploadListener) {
    /** The checkpoint's dtype, the best device, all processors. */
    public static final LoadOptions DEFAULT =
            new LoadOptions("auto", Optional.empty(), 0, Warnings.log(), "none", _ -> {}, _ -> {});

    public LoadOptions {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(warnings, "warnings");
        Objects.requireNonNull(quantize, "quantize");
        Objects.requireNonNull(quantizeListener, "quantizeListener");
        Objects.requireNonNull(uploadListener, "uploadListener");
        Quantization.parse(quantize);
        Backends.check(device);
        if (threads < 0 || threads > 1024) {
            throw new OptionException("threads is " + threads + "; expected 1 to 1024, or 0 for one per processor");
        }
    }

    public LoadOptions withDevice(String device) {
        return new LoadOptions(device, dtype, threads, warnings, quantize, quantizeListener, uploadListener);
    }

    /** {@code auto}, {@code float32}, {@code bfloat16} or {@code float16}: torch_dtype. */
    public LoadOptions withDtype(String name) {
        Objects.requireNonNull(name, "name");
        return new LoadOptions(device, parseDtype(name), threads, warnings, quantize, quantizeListener, uploadListener);
    }

    public LoadOptions withThreads(int n) {
        return new LoadOptions(device, dtype, n, warnings, quantize, quantizeListener, uploadListener);
    }

    public LoadOptions withWarnings(Warnings warnings) {
        return new LoadOptions(device, dtype, threads, warnings, quantize, quantizeListener, uploadListener);
    }

    /**
     * {@code lossless}: the weights of linear layers in 12 bits instead of bfloat16's 16, with the same answers; {@code int8} or {@code
     * int4}: in codes of so many bits. Made once and kept in a cache. {@code none}; {@code int4,head=int4,tower=int8} says more of the parts. See docs/quantisation.md.
     */
    public LoadOptions withQuantize(String quantize) {
        return new LoadOptions(device, dtype, threads, warnings, quantize, quantizeListener, uploadListener);
    }

    /** See {@link #quantizeListener}. */
    public LoadOptions withQuantizeListener(DoubleConsumer quantizeListener) {
        return new LoadOptions(device, dtype, threads, warnings, quantize, quantizeListener, uploadListener);
    }

    /** See {@link #uploadListener}. */
    public LoadOptions withUploadListener(DoubleConsumer uploadListener) {
        return new LoadOptions(device, dtype, threads, warnings, quantize, quantizeListener, uploadListener);
    }

    /** What {@link #quantize} says; empty for none. */
    Optional<Quantization> quantization() {
        return Optional.of(Quantization.parse(quantize)).filter(q -> !q.isNone());
    }

    private static Optional<DType> parseDtype(String name) {
        return switch (name) {
            case "auto" -> Optional.empty();
            case "float32" -> Optional.of(DType.FLOAT32);
            case "bfloat16" -> Optional.of(DType.BFLOAT16);
            case "float16" -> Optional.of(DType.FLOAT16);
            default ->
                throw new OptionException("dtype is \"" + name + "\"; expected auto, float32, bfloat16 or float16");
        };
    }
}
