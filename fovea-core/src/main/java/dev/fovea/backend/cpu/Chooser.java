package dev.fovea.backend.cpu;

import dev.fovea.backend.cpu.CpuBackend.GemmChoice;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.JavaGemm;
import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.ffi.NativeLibrary;

/** Which implementation multiplies, by what was asked for and what is there. */
final class Chooser {
    private Chooser() {}

    /**
     * The one asked for.
     *
     * @throws NativeException if it is oneDNN, which is not there
     */
    static Gemm gemm(GemmChoice choice, Workers workers) {
        if (choice == GemmChoice.JAVA) {
            return new JavaGemm(workers, "as chosen", null);
        }
        NativeLibrary library = OneDnn.LIBRARY;
        if (library.isPresent()) {
            return new OneDnnGemm(workers);
        }
        if (choice == GemmChoice.ONEDNN) {
            throw new NativeException(
                    "matrix products by oneDNN were asked for, but: " + library,
                    "add the dependency " + OneDnn.DEPENDENCY);
        }
        if (NativeLibrary.platform().equals(OneDnn.PLATFORM)) {
            Warnings.log()
                    .warn("matrices are multiplied in Java, not by oneDNN, which is faster: " + library.where()
                            + (library.where().equals(NativeLibrary.DENIED)
                                    ? ""
                                    : "; add the dependency " + OneDnn.DEPENDENCY));
        }
        return new JavaGemm(workers, library.toString(), DotCode.Found.here().code());
    }
}
