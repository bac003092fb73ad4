package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.NativeException;
import dev.fovea.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Runs where a compiler is found: {@code pip install nvidia-cuda-nvrtc-cu12==12.4.127} in the active environment, or -Dfovea.cuda.nvrtc=DIR. */
class NvrtcTest {
    private static final Kernel.Module SAMPLE = Kernel.Module.of("sample", DType.BFLOAT16);

    @Test
    void compilesToPtx() {
        String ptx = Compilers.any().compile(SAMPLE, "compute_80").text();
        assertThat(ptx)
                .contains(".target sm_80")
                .contains(".visible .entry rowSums(")
                .contains("mma.sync");
        assertThat(ptx).doesNotContain("\0");
    }

    @Test
    void compilesToMachineCode() {
        byte[] code = Compilers.any().compile(SAMPLE, "sm_80").code();
        assertThat(code).startsWith(0x7f, 'E', 'L', 'F');
    }

    @Test
    void saysWhatTheCompilerSays() {
        Nvrtc nvrtc = Compilers.any();
        assertThatThrownBy(() -> nvrtc.compile(new Kernel.Module("faulty", List.of()), "sm_80"))
                .isInstanceOf(NativeException.class)
                .hasMessageStartingWith(
                        "NVRTC " + nvrtc.version() + " cannot compile faulty for sm_80: faulty.cu(2): error: ")
                .hasMessageContaining("noSuchThing");
    }

    @Test
    void anUnknownArchitectureIsAnOptionItRefuses() {
        Nvrtc nvrtc = Compilers.any();
        assertThatThrownBy(() -> nvrtc.compile(SAMPLE, "sm_1"))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("cannot compile sample-X=bf16 for sm_1: ");
    }

    @Test
    void knowsItsVersionAndArchitectures() {
        Nvrtc nvrtc = Compilers.any();
        assertThat(nvrtc.version()).matches("1[2-9]\\.\\d+");
        assertThat(nvrtc.architectures()).contains(80, 86, 89, 90).isSorted();
    }

    @Test
    void aFileThatIsNoLibraryIsRefused() {
        assertThatThrownBy(() -> Nvrtc.open(Path.of("/no/such/libnvrtc.so.12")))
                .isInstanceOf(NativeException.class)
                .hasMessageStartingWith("cannot load NVRTC: the system cannot load /no/such/libnvrtc.so.12");
    }
}
