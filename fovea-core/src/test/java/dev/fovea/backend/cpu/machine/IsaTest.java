package dev.fovea.backend.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.cpu.onednn.OneDnn;
import dev.fovea.backend.cpu.onednn.OneDnnGemm;
import dev.fovea.backend.cpu.products.DotCode;
import org.junit.jupiter.api.Test;

class IsaTest {
    /** oneDNN asks the processor in its own words, and the system for AMX. */
    @Test
    void findsWhatOneDnnFinds() {
        assumeTrue(OneDnn.LIBRARY.isPresent() && DotCode.Found.here().code() != null);
        assumeTrue(System.getProperty("fovea.vectorBits") == null);
        try (Workers workers = new Workers(1);
                OneDnnGemm oneDnn = new OneDnnGemm(workers)) {
            for (Isa isa : Isa.values()) {
                if (isa != Isa.AMX) {
                    assertThat(isa.isPresent()).as(isa.title()).isEqualTo(oneDnn.has(isa));
                }
            }
            assertThat(Isa.AMX.isPresent() || !oneDnn.has(Isa.AMX)).isTrue();
        }
    }
}
