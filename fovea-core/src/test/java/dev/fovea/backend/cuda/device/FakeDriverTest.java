package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.error.FoveaException;
import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad situations, by a driver that makes them ({@code fake_driver.c}), in processes of their own: one sentence each. */
class FakeDriverTest {
    private static final String KERNEL_FAILED =
            "start the program again; a kernel failed, which is a fault of Fovea's: -Dfovea.cuda.wait=true finds out"
                    + " which, and please report it";

    @TempDir
    private static Path folder;

    private static FakeDriver driver;

    /** What a process does: arguments are the number of a GPU, and bytes to allocate, steps to record or a
     * file to map and copy, if any. */
    static final class Trial {
        private Trial() {}

        public static void main(String[] args) {
            tell(() -> {
                try (CudaBackend backend = new CudaBackend(Cuda.open(Integer.parseInt(args[0]), Warnings.log()))) {
                    if (args.length > 2 && args[1].equals("file")) {
                        tell(() -> upload(backend, Path.of(args[2])));
                    } else if (args.length > 2) {
                        tell(() -> step(backend, Integer.parseInt(args[2])));
                    } else if (args.length > 1) {
                        tell(() -> backend.allocateSlab(Long.parseLong(args[1])));
                    } else {
                        tell(() -> add(backend));
                        tell(() -> add(backend));
                    }
                }
            });
        }

        private static void add(CudaBackend backend) {
            try (Scope _ = Scope.open(backend)) {
                Tensor x = Tensor.of(backend, new float[] {1, 2}, 1, 2);
                backend.add(x, x).toFloats();
            }
        }

        private static void upload(CudaBackend backend, Path file) {
            try (Arena arena = Arena.ofConfined();
                    FileChannel channel = FileChannel.open(file);
                    Scope scope = Scope.open(backend)) {
                MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
                Tensor to = scope.allocate(DType.FLOAT32, Shape.of(Math.toIntExact(channel.size() / Float.BYTES)));
                backend.write(mapped, to);
                System.out.println("done");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void step(CudaBackend backend, int times) {
            for (int i = 0; i < times; i++) {
                try (Scope _ = Scope.open(backend)) {
                    Tensor x = Tensor.of(backend, new float[] {1, 2}, 1, 2);
                    backend.repeat("step", () -> backend.add(x, x)).toFloats();
                }
            }
            System.out.println("done");
        }

        private static void tell(Runnable work) {
            try {
                work.run();
            } catch (FoveaException e) {
                String kind = e instanceof NativeException
                        ? "NativeException"
                        : e.getClass().getSimpleName();
                System.out.println(kind + ": " + e.getMessage());
            }
        }
    }

    @BeforeAll
    static void compile() throws Exception {
        driver = FakeDriver.compile(folder);
    }

    private static List<String> told(Map<String, String> environment, String... arguments) throws Exception {
        return driver.told(Trial.class, environment, arguments);
    }

    @Test
    void aDriverThatIsTooOld() throws Exception {
        assertThat(told(Map.of("FAKE_CUDA", "11040", "FAKE_CAPABILITIES", "90"), "0"))
                .containsExactly(
                        "NativeException: no GPU can be used: the CUDA driver is for CUDA 11.4, and 12.0 is needed at"
                                + " least; update NVIDIA's driver to 525 or later, or take --device cpu");
    }

    @Test
    void aDriverThatDoesNotStart() throws Exception {
        assertThat(told(Map.of("FAKE_FAIL", "cuInit 803"), "0"))
                .containsExactly(
                        "NativeException: no GPU can be used: cuInit failed: CUDA_ERROR_FAKE (803), as it was told;"
                                + " the driver was updated meanwhile; restart the machine, or the container, or take"
                                + " --device cpu");
    }

    @Test
    void aGpuThatIsTooOld() throws Exception {
        assertThat(told(Map.of("FAKE_CAPABILITIES", "75 90"), "0"))
                .containsExactly(
                        "NativeException: cuda:0 (Fake 75) has compute capability 7.5, and 8.0 is needed at least;"
                                + " take another GPU, or take --device cpu");
    }

    /** Where this machine has no compiler in a place of the system. */
    @Test
    void noCompilerAndADriverTooOldForTheArchive() throws Exception {
        List<String> told = told(Map.of("FAKE_CUDA", "12020"), "0");
        assumeThat(LibrarySearch.here().find(LibrarySearch.Library.NVRTC))
                .as("no NVRTC")
                .isEmpty();
        assertThat(told)
                .containsExactly(
                        "NativeException: cannot use cuda:0 (Fake 90): there is no NVRTC (not found in a CUDA toolkit,"
                                + " a Python environment or the system), and without it a driver for CUDA 12.4 is needed;"
                                + " this one is for 12.2; pip install nvidia-cuda-nvrtc-cu12, or update NVIDIA's driver to"
                                + " 550 or later");
    }

    @Test
    void theEighthOfTwo() throws Exception {
        assertThat(told(Map.of("FAKE_CAPABILITIES", "90 90"), "7"))
                .containsExactly(
                        "OptionException: there is no cuda:7; this machine has cuda:0 (Fake 90), cuda:1 (Fake 90); take one of"
                                + " these, or take --device cpu; CUDA_VISIBLE_DEVICES can hide others");
    }

    @Test
    void noMemory() throws Exception {
        assertThat(told(Map.of("FAKE_CAPABILITIES", "90"), "0", "2500000000"))
                .containsExactly(
                        "MemoryException: cannot allocate 2.500 GB on cuda:0 (Fake 90): of its 80.0 GB 1.000 are free;"
                                + " this backend holds 0.0; a smaller model, batch, picture or prompt needs less;"
                                + " nvidia-smi lists what other programs hold");
    }

    @Test
    void aCardThatIsLostMeanwhile() throws Exception {
        String failed = "cuEventSynchronize failed: CUDA_ERROR_FAKE (719), as it was told; ";
        assertThat(told(Map.of("FAKE_FAIL", "cuEventSynchronize 719"), "0"))
                .containsExactly(
                        "NativeException: cuda:0 (Fake 90) is lost to this process: " + failed + KERNEL_FAILED,
                        "NativeException: cuda:0 (Fake 90) failed before and is lost to this process: " + failed
                                + KERNEL_FAILED);
    }

    @Test
    void aCompilerThatIsNotWhereTheUserSays() throws Exception {
        assertThat(told(Map.of("JDK_JAVA_OPTIONS", "-Dfovea.cuda.nvrtc=/nowhere"), "0"))
                .last()
                .isEqualTo("NativeException: there is no NVRTC in /nowhere, which -Dfovea.cuda.nvrtc names");
    }

    /** All answers are there by then. */
    @Test
    void aCardThatIsFoundLostAtTheClose() throws Exception {
        assertThat(told(Map.of("FAKE_FAIL", "cuStreamSynchronize 719"), "0", "1000"))
                .isEmpty();
    }

    @Test
    void aHostWithoutMemoryToPin() throws Exception {
        assertThat(told(Map.of("FAKE_FAIL", "cuMemHostAlloc 2", "FAKE_TELL", "stream"), "0"))
                .containsExactly(
                        "opens 0",
                        "closes 0",
                        "MemoryException: cannot pin 4 MB of the host's memory, through which bytes go to the GPU;"
                                + " close other programs, or give the container more memory");
    }

    /** What was pinned and made by then is given back, whatever it is that fails. */
    @ParameterizedTest
    @ValueSource(ints = {5, 17})
    void aDeviceThatFailsWhileItOpens(int events) throws Exception {
        String fails = "cuEventCreate 2 " + events;
        List<String> told = told(Map.of("FAKE_FAIL", fails, "FAKE_TELL", "host", "FAKE_REGISTER", "1"), "0");
        assertThat(told)
                .last()
                .isEqualTo("NativeException: cannot use cuda:0 (Fake 90): cuEventCreate failed: CUDA_ERROR_FAKE (2),"
                        + " as it was told; other programs may hold the GPU's memory: nvidia-smi lists them");
        isGivenBack(told, "pins 0", "unpins 0", 1);
        isGivenBack(told, "event 0", "no event 0", events);
    }

    private static void isGivenBack(List<String> told, String taken, String given, int times) {
        assertThat(Collections.frequency(told, taken)).as(taken).isEqualTo(times);
        assertThat(Collections.frequency(told, given)).as(given).isEqualTo(times);
    }

    /** The host's pages are not pinned for longer than they are copied. The file has two pieces, the second small. */
    @ParameterizedTest
    @CsvSource({
        "cuMemHostRegister_v2 1 1, done, 1", // the rest goes through buffers
        "cuMemcpyHtoDAsync_v2 1 1, NativeException: cuMemcpyHtoDAsync failed, 2",
        "cuMemHostUnregister 1 0 1, NativeException: cuMemHostUnregister failed, 2"
    })
    void aMappedFile(String fails, String said, int pinned) throws Exception {
        Path file = Files.createTempFile(folder, "weights", "");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1 << 12), 256 << 20); // nothing but this lies on the disk
        }
        List<String> told = told(
                Map.of("FAKE_FAIL", fails, "FAKE_TELL", "host", "FAKE_REGISTER", "1"), "0", "file", file.toString());
        assertThat(told).anyMatch(line -> line.startsWith(said));
        int failed = fails.startsWith("cuMemHostUnregister") ? 1 : 0;
        assertThat(Collections.frequency(told, "registers 0")).isEqualTo(pinned);
        assertThat(Collections.frequency(told, "unregisters 0")).isEqualTo(pinned - failed);
    }

    /** Whatever of it fails, all the rest is given back. */
    @Test
    void aDeviceThatFailsWhileItCloses() throws Exception {
        List<String> told = told(Map.of("FAKE_FAIL", "cuStreamDestroy_v2 1", "FAKE_TELL", "card"), "0", "1000");
        assertThat(told)
                .containsExactly(
                        "opens 0",
                        "closes 0",
                        "NativeException: cuStreamDestroy failed: CUDA_ERROR_FAKE (1), as it was told");
    }

    /** Steps run call by call then. */
    @Test
    void graphsThatThereIsNoMemoryFor() throws Exception {
        assertThat(told(Map.of("FAKE_FAIL", "cuGraphInstantiateWithFlags 2"), "0", "steps", "3"))
                .containsExactly("done");
    }

    /** It is tried twice, the second time with all the memory that this process can spare. */
    @Test
    void aKernelThatThereIsNoMemoryFor() throws Exception {
        assertThat(told(Map.of("FAKE_FAIL", "cuModuleLoadDataEx 2"), "0"))
                .hasSize(2)
                .allMatch(line -> line.startsWith(
                        "MemoryException: loading the kernel module elementwise-X=f32-W=f32 failed: CUDA_ERROR_FAKE (2),"
                                + " as it was told on cuda:0 (Fake 90): of its 80.0 GB 1.000 are free; this backend holds 0.0;"
                                + " a smaller model"));
    }

    /** What the driver's assembler says is told as well, and changes nothing else. */
    @Test
    void aKernelThatIsNotLoaded() throws Exception {
        String loading =
                "loading the kernel module elementwise-X=f32-W=f32 failed: CUDA_ERROR_FAKE (%d), as it was told: no code";
        Map<Integer, String> starts = Map.of(
                2, "MemoryException: " + loading.formatted(2) + " on cuda:0 (Fake 90): of its 80.0 GB 1.000 are free",
                218, "NativeException: " + loading.formatted(218) + "; the driver is older than what the kernels were",
                719, "NativeException: cuda:0 (Fake 90) is lost to this process: " + loading.formatted(719));
        for (Map.Entry<Integer, String> start : starts.entrySet()) {
            assertThat(told(Map.of("FAKE_FAIL", "cuModuleLoadDataEx " + start.getKey(), "FAKE_LOG", "no code "), "0"))
                    .hasSize(2)
                    .first()
                    .asString()
                    .startsWith(start.getValue());
        }
    }

    /** The next call may go well. */
    @Test
    void aLaunchThatIsRefused() throws Exception {
        String refused =
                "NativeException: the launch of add of elementwise-X=f32-W=f32 failed: CUDA_ERROR_FAKE (701), as it"
                        + " was told";
        assertThat(told(Map.of("FAKE_FAIL", "cuLaunchKernelEx 701"), "0")).containsExactly(refused, refused);
    }
}
