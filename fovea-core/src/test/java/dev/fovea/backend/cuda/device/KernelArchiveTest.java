package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.Kernels;
import dev.fovea.error.NativeException;
import dev.fovea.tensor.DType;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelArchiveTest {
    private static final Kernel.Module HALF = Kernel.Module.of("sample", DType.FLOAT16);
    private static final Kernel.Module FLOAT = Kernel.Module.of("sample", DType.FLOAT32);

    @Test
    void theBundledArchiveIsOfThePresentSources() {
        assertThat(KernelArchive.bundled().differences(Kernels.modules()))
                .as("run scripts/kernels")
                .isEmpty();
    }

    @Test
    void noModuleIsListedTwice() {
        assertThat(Kernels.modules()).doesNotHaveDuplicates();
    }

    @Test
    void givesWhatWasWritten() throws Exception {
        KernelArchive archive = archive(Map.of(HALF, "ptx of half", FLOAT, "ptx of float"));
        assertThat(archive.ptx(HALF)).isEqualTo("ptx of half");
        assertThat(archive.ptx(FLOAT)).isEqualTo("ptx of float");
        assertThat(archive.differences(List.of(HALF, FLOAT))).isEmpty();
    }

    @Test
    void equalKernelsMakeEqualArchives() throws Exception {
        assertThat(KernelArchive.write(Map.of(HALF, "a", FLOAT, "b")))
                .isEqualTo(KernelArchive.write(Map.of(FLOAT, "b", HALF, "a")));
    }

    @Test
    void saysWhichModulesDiffer() throws Exception {
        Kernel.Module other = new Kernel.Module("faulty", List.of());
        KernelArchive archive = archive(Map.of(HALF, "ptx", other, "ptx"));
        assertThat(archive.differences(List.of(HALF, FLOAT)))
                .containsExactly("sample-X=f32 is missing", "faulty is no longer there");
    }

    @Test
    void aModuleThatIsNotThereIsRefusedWithWhatHelps() throws Exception {
        KernelArchive archive = archive(Map.of(HALF, "ptx"));
        assertThatThrownBy(() -> archive.ptx(new Kernel.Module("faulty", List.of())))
                .isInstanceOf(NativeException.class)
                .hasMessage(
                        "the kernel module faulty in kernels.zip is not there; scripts/kernels makes the archive anew, or "
                                + "-Dfovea.cuda.nvrtc=DIR compiles as needed");
    }

    @Test
    void sumsChangeWithMacrosAndSources() {
        assertThat(KernelSources.sum(HALF)).hasSize(64).isEqualTo(KernelSources.sum(HALF));
        assertThat(List.of(
                        KernelSources.sum(HALF),
                        KernelSources.sum(FLOAT),
                        KernelSources.sum(new Kernel.Module("faulty", List.of("X=f16")))))
                .doesNotHaveDuplicates();
    }

    private static KernelArchive archive(Map<Kernel.Module, String> ptx) throws Exception {
        return KernelArchive.read(new ByteArrayInputStream(KernelArchive.write(ptx)));
    }
}
