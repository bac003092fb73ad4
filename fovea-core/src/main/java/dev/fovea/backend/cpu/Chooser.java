package dev.fovea.backend.cpu;

import dev.fovea.backend.cpu.CpuBackend.GemmChoice;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.cpu.products.CodeGemm;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.JavaGemm;
import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.ffi.NativeLibrary;

/** Which implementation multiplies, by what was asked for and what is there. */
final class Chooser {
    private Chooser() {}

    /** Whether oneDNN is there. */
    static boolean hasLibrary() {
        return OneDnn.LIBRARY.isPresent();
    }

    /**
     * The one asked for.
     *
     * @throws NativeException if it is oneDNN, which is not there
     */
    static Gemm gemm(GemmChoice choice, Workers workers) {
        if (choice == GemmChoice.JAVA) {
            return new JavaGemm(workers, "as chosen");
        }
        NativeLibrary library = OneDnn.LIBRARY;
        if (library.isPresent()) {
            OneDnnGemm oneDnn = new OneDnnGemm(workers);
            return choice == GemmChoice.ONEDNN ? oneDnn : byCode(workers, oneDnn);
        }
        if (choice == GemmChoice.ONEDNN) {
            throw new NativeException(
                    "matrix products by oneDNN were asked for, but: " + library,
                    "add the dependency " + OneDnn.DEPENDENCY);
        }
        if (NativeLibrary.platform().equals(OneDnn.PLATFORM)) {
            Warnings.log()
                    .warn("what the processor has for bfloat16, float16 and AMX is not used without oneDNN: "
                            + library.where()
                            + (library.where().equals(NativeLibrary.DENIED)
                                    ? ""
                                    : "; add the dependency " + OneDnn.DEPENDENCY));
        }
        return byCode(workers, new JavaGemm(workers, library.toString()));
    }

    /** Machine code where it runs, and for what it has no kernels the other. */
    private static Gemm byCode(Workers workers, Gemm rest) {
        DotCode widening = DotCode.Found.here().code();
        return widening == null ? rest : new CodeGemm(workers, widening, rest);
    }
}
