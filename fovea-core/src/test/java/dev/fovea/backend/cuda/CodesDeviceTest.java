package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.error.Warnings;
import org.junit.jupiter.api.condition.EnabledIf;

/** Products with codes on a GPU, where there is one: {@code scripts/cuda-check} runs it. */
@EnabledIf(value = "hasGpu", disabledReason = "no GPU can be used here: fovea doctor says why")
class CodesDeviceTest extends CodesContract {
    CodesDeviceTest() {
        super(Cuda.open(Cuda.usable().getFirst().ordinal(), Warnings.log()));
    }

    static boolean hasGpu() {
        return !Cuda.usable().isEmpty();
    }
}
