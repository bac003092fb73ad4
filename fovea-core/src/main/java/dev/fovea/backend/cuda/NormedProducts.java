package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A sum, its norm, and the products of that one row of 16-bit numbers: each block makes the row for itself while its first weights are on their way.
 * There are no more blocks than run at once, so that none makes it twice.
 */
final class NormedProducts implements Fusion.Rule {
    private static final String SOURCE = "normed";
    private static final String BLOCK = "_block";

    /** The kind that norms what is added before, as Gemma's layers do; the others never do. */
    private static final String BEFORE = "RmsPlusOne";

    /** Kinds of norms by the names of their kernels. */
    private static final Map<String, String> KINDS =
            Map.of("rms_norm", "Rms", "rms_norm_plus_one", "RmsPlusOne", "layer_norm", "Layer");

    /** What threads of a block hold of a row. */
    private static final int WIDEST = 4096;

    private static final int PACK = 16; // bytes

    /** Types of rows. */
    private static final List<String> SHORT = List.of("bf16", "f16");

    /** Of a multiprocessor. */
    private static final int BLOCKS = 3;

    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        if (calls.size() < 2 || !(calls.getFirst() instanceof Step.Launch norm)) {
            return Optional.empty();
        }
        Kernel kernel = norm.kernel();
        if (!kernel.module().source().equals("norm") || !kernel.entry().startsWith(SumNorms.ADD)) {
            return Optional.empty();
        }
        Arguments.Reader read = norm.arguments().read();
        SumNorm sum = SumNorm.of(read);
        String kind = kind(kernel.entry());
        boolean one = read.pointer() == 1;
        int width = read.integer();
        if (!one || kind == null || (sum.before() != 0) != kind.equals(BEFORE)) {
            return Optional.empty();
        }
        return Products.of(calls.get(1))
                .filter(p -> p.width() == width) // and not of a part of the row
                .flatMap(p -> fuse(kernel.module().macro("X"), kind, sum, p, place));
    }

    /** Of the kernels of long rows, whose threads take part as those of products do. */
    private static @Nullable String kind(String entry) {
        return entry.endsWith(BLOCK)
                ? KINDS.get(entry.substring(SumNorms.ADD.length(), entry.length() - BLOCK.length()))
                : null;
    }

    private static Optional<Fusion.Fused> fuse(
            String type, String kind, SumNorm sum, Products products, Fusion.Place place) {
        return Optional.of(products)
                .filter(p -> SHORT.contains(type) && p.kernel().module().isOfOne("few", type))
                .filter(p -> p.rows() == 1 && (p.x() == sum.result() || p.x() == sum.resultAgain()))
                .filter(p -> isHeld(p, sum))
                .flatMap(p -> Fusion.Fused.where(touched(p, sum), launch(kind, sum, p, place), 2));
    }

    /** Whether a block holds the row in packs, and reads weights in packs. */
    private static boolean isHeld(Products p, SumNorm sum) {
        return p.width() <= WIDEST
                && p.width() * Short.BYTES % PACK == 0
                && sum.isAligned(PACK)
                && p.matrices().stream().allMatch(m -> m.w().parts().getFirst() % PACK == 0);
    }

    private static List<Bytes> touched(Products p, SumNorm sum) {
        List<Bytes> touched = new ArrayList<>(sum.touched(p.type(), p.width()));
        p.matrices().forEach(m -> touched.addAll(p.outputs(m)));
        return touched;
    }

    private static Step.Launch launch(String kind, SumNorm sum, Products p, Fusion.Place place) {
        Kernel kernel = new Kernel(
                module(p.type(), kind), p.kernel().entry(), p.kernel().threads(), p.width() * Short.BYTES);
        Grid grid = Grid.of(Math.min(p.blocks(), BLOCKS * place.multiprocessors()));
        Arguments arguments = sum.addTo(p.arguments()).integer(p.blocks());
        return new Step.Launch(kernel, grid, arguments);
    }

    private static Kernel.Module module(String type, String kind) {
        return new Kernel.Module(SOURCE, List.of("X=" + type, "W=" + type, "NORM=" + kind));
    }

    /** What products behind a norm may be made by; empty where rows of such a width are not made by this. */
    static Optional<Kernel.Module> behind(String norm, DType dtype, int width) {
        return width <= WIDEST && dtype != DType.FLOAT32
                ? Optional.ofNullable(KINDS.get(norm)).map(kind -> module(Kernel.Module.type(dtype), kind))
                : Optional.empty();
    }

    /** All that there is for rows of a dtype. */
    static List<Kernel.Module> modules(DType x) {
        return KINDS.values().stream()
                .filter(_ -> x != DType.FLOAT32)
                .sorted()
                .map(kind -> module(Kernel.Module.type(x), kind))
                .toList();
    }

    /** Whether a module is one of these. */
    static boolean isOf(Kernel.Module module) {
        return module.source().equals(SOURCE);
    }
}
