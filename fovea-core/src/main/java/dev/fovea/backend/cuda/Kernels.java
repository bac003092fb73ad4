package dev.fovea.backend.cuda;

import static dev.fovea.tensor.DType.BFLOAT16;
import static dev.fovea.tensor.DType.FLOAT16;
import static dev.fovea.tensor.DType.FLOAT32;

import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** All kernels there are, by module: what {@code scripts/kernels} compiles, and what tests compile for every architecture. */
public final class Kernels {
    private static final List<DType> DTYPES = List.of(FLOAT32, BFLOAT16, FLOAT16);

    private Kernels() {}

    /** Each once. A module that is not among them is in no archive. */
    public static List<Kernel.Module> modules() {
        List<Kernel.Module> modules = new ArrayList<>();
        for (DType x : DTYPES) {
            modules.add(Kernel.Module.of("choose", x));
            modules.add(Kernel.Module.of("attention", x));
            modules.addAll(CodesLinear.modules(x));
            modules.addAll(NormedProducts.modules(x));
            if (x != FLOAT32) {
                modules.add(Kernel.Module.of("mma", x));
                modules.addAll(Flash.modules(x));
                modules.add(WideAttention.module(x));
            }
            for (DType w : DTYPES) {
                modules.add(Kernel.Module.of("movement", x, w));
                modules.add(Kernel.Module.of("turn", x, w));
                if (isWeight(x, w)) {
                    modules.add(Kernel.Module.of("norm", x, w));
                    modules.add(Kernel.Module.of("gemm", x, w));
                    modules.add(Kernel.Module.of("maps", x, w));
                    modules.addAll(Linear.fewModules(x, w));
                }
                if (isWeight(x, w) || w == FLOAT32) { // rope's tables
                    modules.add(Kernel.Module.of("elementwise", x, w));
                }
            }
        }
        return modules;
    }

    /** Those that a model with activations and dense weights of some dtypes may launch. */
    static List<Kernel.Module> of(DType x, DType w) {
        List<String> any = List.of("X=" + Kernel.Module.type(x), "W=" + Kernel.Module.type(w), "W=f32");
        return modules().stream()
                .filter(m -> !CodesLinear.isOf(m) && !NormedProducts.isOf(m))
                .filter(m -> m.macros().stream()
                        .filter(macro -> macro.startsWith("X=") || macro.startsWith("W="))
                        .allMatch(any::contains))
                .toList();
    }

    /** Whether activations of a dtype go with weights of another. */
    private static boolean isWeight(DType x, DType w) {
        return x == w || x == FLOAT32;
    }
}
