package dev.fovea.backend.cpu;

import dev.fovea.backend.cpu.CpuBackend.GemmChoice;
import dev.fovea.backend.cpu.machine.Isa;
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

    /** Whether {@link #gemm} has nothing to warn of. */
    static boolean isComplete() {
        return !needsLibrary() || OneDnn.LIBRARY.isPresent();
    }

    /** Whether oneDNN multiplies something faster: by AMX, products of float16, and all where no machine code runs. */
    private static boolean needsLibrary() {
        return DotCode.Found.here().code() == null || Isa.AVX512_FP16.isPresent();
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
        if (choice == GemmChoice.ONEDNN) {
            if (!OneDnn.LIBRARY.isPresent()) {
                throw new NativeException(
                        "matrix products by oneDNN were asked for, but: " + OneDnn.LIBRARY,
                        "add the dependency " + OneDnn.DEPENDENCY);
            }
            return new OneDnnGemm(workers);
        }
        DotCode widening = DotCode.Found.here().code();
        return widening == null ? withoutCode(workers) : new CodeGemm(workers, widening, () -> withoutCode(workers));
    }

    private static Gemm withoutCode(Workers workers) {
        NativeLibrary library = OneDnn.LIBRARY;
        if (library.isPresent()) {
            return new OneDnnGemm(workers);
        }
        if (needsLibrary() && NativeLibrary.platform().equals(OneDnn.PLATFORM)) {
            Warnings.log()
                    .warn("this processor multiplies matrices faster with oneDNN, which is not there: "
                            + library.where()
                            + (library.where().equals(NativeLibrary.DENIED)
                                    ? ""
                                    : "; add the dependency " + OneDnn.DEPENDENCY));
        }
        return new JavaGemm(workers, library.toString());
    }
}
