package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CudaFactsTest {
    private static final Gpu H100 = new Gpu(0, "NVIDIA H100 80GB HBM3", 90, 132, 85_000_000_000L);
    private static final Gpu T4 = new Gpu(1, "Tesla T4", 75, 40, 16_000_000_000L);

    @Test
    void noDriver() {
        assertThat(refusal(new CudaFacts("none of these can be loaded: libcuda.so.1", false, 0, null, List.of())))
                .isEqualTo(
                        "no GPU can be used: there is no CUDA driver: none of these can be loaded: libcuda.so.1; install "
                                + "NVIDIA's driver, or where it is installed start the container with --gpus all, or take --device cpu");
    }

    @Test
    void aDriverThatDoesNotStart() {
        NativeException failure = CudaException.of(
                "cuInit",
                803,
                "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
                "system has unsupported " + "display driver / cuda driver combination");
        assertThat(refusal(facts(13000, failure)))
                .isEqualTo(
                        "no GPU can be used: cuInit failed: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803), system has unsupported "
                                + "display driver / cuda driver combination; the driver was updated meanwhile; restart the machine, or "
                                + "the container, or take --device cpu");
    }

    @Test
    void aDriverThatIsTooOld() {
        assertThat(refusal(facts(11040, null, H100)))
                .isEqualTo(
                        "no GPU can be used: the CUDA driver is for CUDA 11.4, and 12.0 is needed at least; update NVIDIA's "
                                + "driver to 525 or later, or take --device cpu");
    }

    @Test
    void noGpu() {
        assertThat(refusal(facts(13000, null)))
                .isEqualTo(
                        "no GPU can be used: the CUDA driver sees none; nvidia-smi lists GPUs; CUDA_VISIBLE_DEVICES can hide "
                                + "them, and a container needs --gpus all, or take --device cpu");
    }

    @Test
    void noGpuThatIsNewEnough() {
        assertThat(refusal(facts(13000, null, T4)))
                .isEqualTo(
                        "no GPU can be used: cuda:1 (Tesla T4) has compute capability 7.5, and 8.0 is needed at least; GPUs "
                                + "since Ampere (2020) have it, or take --device cpu");
    }

    @Test
    void takesTheFirstThatIsNewEnough() {
        Gpu first = new Gpu(0, "Tesla T4", 75, 40, 16_000_000_000L);
        Gpu second = new Gpu(1, "NVIDIA L4", 89, 58, 24_000_000_000L);
        CudaFacts facts = facts(12080, null, first, second);
        assertThat(facts.refusal()).isEmpty();
        assertThat(facts.usable()).containsExactly(second);
        assertThat(facts.require(1)).isEqualTo(second);
    }

    @Test
    void refusesWhatIsNotThere() {
        CudaFacts facts = facts(13000, null, H100, T4);
        assertThatThrownBy(() -> facts.require(7))
                .isInstanceOf(OptionException.class)
                .hasMessage(
                        "there is no cuda:7; this machine has cuda:0 (NVIDIA H100 80GB HBM3), cuda:1 (Tesla T4); take one of"
                                + " these, or take --device cpu; CUDA_VISIBLE_DEVICES can hide others");
        assertThatThrownBy(() -> facts.require(-1)).isInstanceOf(OptionException.class);
    }

    /** Whoever has no GPU need not hear of it. */
    @Test
    void whereThereSeemsToBeAGpu() {
        assertThat(mayHaveGpu(facts(13000, CudaException.of("cuInit", 803, "MISMATCH", ""))))
                .isTrue();
        assertThat(mayHaveGpu(facts(11040, null, H100))).isTrue();
        assertThat(mayHaveGpu(facts(13000, null, T4))).isTrue();
        assertThat(mayHaveGpu(facts(13000, CudaException.of("cuInit", 100, "NO_DEVICE", ""))))
                .isFalse();
        assertThat(mayHaveGpu(facts(13000, null))).isFalse();
        assertThat(mayHaveGpu(new CudaFacts("none", false, 0, null, List.of()))).isFalse();
    }

    private static boolean mayHaveGpu(CudaFacts facts) {
        return facts.refusal().orElseThrow().mayHaveGpu();
    }

    @Test
    void refusesOneThatIsTooOld() {
        assertThatThrownBy(() -> facts(13000, null, H100, T4).require(1))
                .isInstanceOf(NativeException.class)
                .hasMessage("cuda:1 (Tesla T4) has compute capability 7.5, and 8.0 is needed at least; take another "
                        + "GPU, or take --device cpu");
    }

    @Test
    void refusesEveryNumberWhereThereIsNoDriver() {
        CudaFacts facts = new CudaFacts("none", false, 0, null, List.of());
        assertThatThrownBy(() -> facts.require(0)).isInstanceOf(NativeException.class);
        assertThat(facts.usable()).isEmpty();
    }

    private static CudaFacts facts(int cuda, @Nullable NativeException failure, Gpu... gpus) {
        return new CudaFacts("libcuda.so.1", true, cuda, failure, List.of(gpus));
    }

    /** What whoever asks for a GPU is told. */
    private static String refusal(CudaFacts facts) {
        assertThat(facts.refusal()).isPresent();
        return catchThrowableOfType(NativeException.class, () -> facts.require(0))
                .getMessage();
    }
}
