package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaExceptionTest {
    @Test
    void saysWhatWasDoneWhatFailedAndWhatHelps() {
        CudaException e = CudaException.of(
                "loading the kernel module norm-X=f16",
                222,
                "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
                "the " + "provided PTX was compiled with an unsupported toolchain.");
        assertThat(e)
                .hasMessage(
                        "loading the kernel module norm-X=f16 failed: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222), the "
                                + "provided PTX was compiled with an unsupported toolchain.; the driver is older than what the kernels were "
                                + "compiled with; a newer driver helps");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 46, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999})
    void losesTheDevice(int status) {
        assertThat(CudaException.of("f", status, "N", "t").isFatal()).isTrue();
    }

    /** Launches that ask too much, memory pinned twice, images of another architecture: nothing has happened. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 100, 200, 209, 218, 222, 701, 704, 712, 713, 720, 801, 900})
    void keepsTheDevice(int status) {
        assertThat(CudaException.of("f", status, "N", "t").isFatal()).isFalse();
    }
}
