package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelCodeTest {
    private static final Kernel.Module SAMPLE = Kernel.Module.of("sample", DType.BFLOAT16);
    private static final List<Integer> OF_12_4 = List.of(50, 52, 53, 60, 61, 62, 70, 72, 75, 80, 86, 87, 89, 90);

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"80, sm_80", "86, sm_86", "88, sm_87", "89, sm_89", "90, sm_90a", "100, -", "120, -"})
    void compilesForTheGpuOrTheNextLowerOfItsGeneration(int capability, String architecture) {
        assertThat(KernelCode.architecture(capability, OF_12_4)).isEqualTo(Optional.ofNullable(architecture));
    }

    @Test
    void ptxOfTheArchiveEndsWithAZero() throws Exception {
        byte[] archive = KernelArchive.write(Map.of(SAMPLE, ".version 8.4"));
        KernelCode code = KernelCode.ofArchive(KernelArchive.read(new ByteArrayInputStream(archive)));
        assertThat(code.image(SAMPLE)).isEqualTo(".version 8.4\0".getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void whatFailsFailsAtEachCall() throws Exception {
        KernelCode code =
                KernelCode.ofArchive(KernelArchive.read(new ByteArrayInputStream(KernelArchive.write(Map.of()))));
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> code.image(SAMPLE))
                    .isInstanceOf(NativeException.class)
                    .hasMessageStartingWith("the kernel module sample-X=bf16 in kernels.zip is not there");
        }
    }

    @Test
    void eachIsMadeOncePreparedOrNot() {
        AtomicInteger made = new AtomicInteger();
        KernelCode code = KernelCode.by(_ -> new byte[] {(byte) made.incrementAndGet()});
        Kernel.Module other = Kernel.Module.of("sample", DType.FLOAT16);
        code.prepare(List.of(SAMPLE, other));
        code.image(SAMPLE); // waits where it is being made
        code.image(other);
        code.prepare(List.of(SAMPLE));
        assertThat(code.image(SAMPLE)).isSameAs(code.image(SAMPLE));
        assertThat(made).hasValue(2);
    }

    /** Whose stack may be small, and whose interruption is nobody else's. */
    @Test
    void isNotMadeByWhoAsks() {
        KernelCode code = KernelCode.by(_ -> Thread.currentThread().getName().getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(code.image(SAMPLE), StandardCharsets.US_ASCII)).startsWith("fovea-nvrtc-");
    }

    @Test
    void compiledCodeIsKept(@TempDir Path folder) throws Exception {
        Nvrtc nvrtc = Compilers.any();
        CodeCache cache = new CodeCache(Optional.of(folder), Warnings.none());
        byte[] code = KernelCode.compiled(nvrtc, "sm_80", cache).image(SAMPLE);
        assertThat(code).startsWith(0x7f, 'E', 'L', 'F');
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
        assertThat(KernelCode.compiled(nvrtc, "sm_80", cache).image(SAMPLE)).isEqualTo(code);
    }
}
