package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.FakeDriver;
import dev.fovea.error.FoveaException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code --device auto} takes on machines with GPUs, and what it says, in processes of their own. */
class AutoDeviceTest {
    @TempDir
    private static Path folder;

    private static FakeDriver driver;

    /**
     * Loads four layers of a gigabyte, or with "small" a thousand of 2.1 MB; prints each warning, the homes chosen, or why there are none. With "measured", measures what is
     * left; with "rooms", prints who would have room for them and for another 100 MB.
     */
    static final class Trial {
        private Trial() {}

        public static void main(String[] args) {
            LoadOptions options = LoadOptions.DEFAULT
                    .withWarnings(Warnings.to(System.out::println))
                    .withDevice(System.getProperty("device", "auto"));
            Map<String, Long> weights = args.length > 0 && args[0].equals("small")
                    ? IntStream.range(0, 1000).boxed().collect(Collectors.toMap(i -> "l." + i, _ -> 2_100_000L))
                    : Map.of("l.0", 1L << 30, "l.1", 1L << 30, "l.2", 1L << 30, "l.3", 1L << 30);
            if (args.length > 0 && args[0].equals("rooms")) {
                for (Map<String, Long> some : List.of(weights, Map.of("l.0", 1L << 30, "l.1", 1L << 30))) {
                    System.out.println(Rooms.of(some, 0, 100_000_000, options.warnings()).stream()
                            .filter(room -> !room.device().equals("cpu"))
                            .map(room -> room.device() + " " + room.isEnough())
                            .toList());
                }
                return;
            }
            try (Backend backend = Backends.of(options, () -> weights)) {
                backend.homes().forEach(home -> System.out.println(home.name()));
            } catch (FoveaException e) {
                System.out.println(e.getMessage());
            }
            if (args.length > 0 && args[0].equals("measured")) {
                try (Engine engine = Engine.open(options)) {
                    System.out.println(engine.readBytesPerSecond(Duration.ZERO) > 0);
                    System.out.println(engine.matrixFlopsPerSecond(DType.BFLOAT16, Duration.ZERO) > 0);
                }
            }
        }
    }

    @BeforeAll
    static void compile() throws Exception {
        driver = FakeDriver.compile(folder);
    }

    private static List<String> told(String capabilities, String free, String fails, String... arguments)
            throws Exception {
        return driver.told(
                Trial.class,
                Map.of("FAKE_CAPABILITIES", capabilities, "FAKE_FREE", free, "FAKE_FAIL", fails),
                arguments);
    }

    /** A card that others have filled is measured with what they leave. */
    @Test
    void theFirstWithRoom() throws Exception {
        assertThat(told("75 90 90", "20 1 20", "", "measured"))
                .containsExactly(
                        "the weights take 4.29 GB; Fake 90, sm_90a, 1.00 of 80.00 GB free; cuda:2 computes instead",
                        "cuda",
                        "true",
                        "true");
    }

    /** They hand memory out in larger pieces. */
    @Test
    void smallWeightsTakeMoreThanTheirBytes() throws Exception {
        assertThat(told("90", "3", "", "small"))
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("the weights take 4.19 GB; Fake 90, sm_90a, 3.00 of 80.00 GB free;"),
                        line -> assertThat(line).isEqualTo("cpu"));
    }

    @Test
    void allWhereNoneHasRoom() throws Exception {
        assertThat(told("90 90 90", "-1 3 3", ""))
                .containsExactly(
                        "cannot use cuda:0 (Fake 90): cuDevicePrimaryCtxRetain failed: CUDA_ERROR_FAKE (46), as it was told;"
                                + " cuda:1, cuda:2 compute instead",
                        "cuda",
                        "cuda");
    }

    /** A machine without a GPU computes on the CPU without a word; one whose GPU is there, and of no use, says why. */
    @Test
    void aDriverThatDoesNotStart() throws Exception {
        assertThat(told("90", "20", "cuInit 803"))
                .containsExactly(
                        "no GPU can be used: cuInit failed: CUDA_ERROR_FAKE (803), as it was told; the CPU computes instead;"
                                + " the driver was updated meanwhile; restart the machine, or the container",
                        "cpu");
    }

    @Test
    void severalAreMeasured() throws Exception {
        assertThat(driver.told(
                        Trial.class,
                        Map.of(
                                "FAKE_CAPABILITIES",
                                "90 90",
                                "FAKE_FREE",
                                "1 1",
                                "JDK_JAVA_OPTIONS",
                                "-Ddevice=cuda:0,cuda:1"),
                        "measured"))
                .endsWith("true", "true");
    }

    /** One that does not answer is named, once; a layer is not torn apart. */
    @Test
    void rooms() throws Exception {
        assertThat(told("90 90 90", "-1 2 3", "", "rooms"))
                .containsExactly(
                        "cannot use cuda:0 (Fake 90): cuDevicePrimaryCtxRetain failed: CUDA_ERROR_FAKE (46), as it was told;"
                                + " nvidia-smi shows the state of the GPU; another program may have it for itself",
                        "[cuda:1 false, cuda:2 false, cuda:1,cuda:2 false]",
                        "[cuda:1 false, cuda:2 true, cuda:1,cuda:2 true]");
    }

    /** A card that fails while it is asked is given back. */
    @Test
    void roomsOfACardThatFails() throws Exception {
        List<String> told = driver.told(
                Trial.class,
                Map.of("FAKE_CAPABILITIES", "90", "FAKE_FAIL", "cuCtxSetCurrent 719", "FAKE_TELL", "card"),
                "rooms");
        assertThat(told)
                .filteredOn(line -> !line.startsWith("cannot use"))
                .containsExactly("opens 0", "closes 0", "[]", "opens 0", "closes 0", "[]");
        assertThat(told).filteredOn(line -> line.startsWith("cannot use")).hasSize(1);
    }

    /** Opening one takes up to a second; one that is not taken is given back. */
    @ParameterizedTest
    @CsvSource({
        "1 3 3, opens 0 opens 1 opens 2 cuda cuda cuda closes 0 closes 1 closes 2",
        "1 20 3, opens 0 opens 1 closes 0 cuda closes 1",
        "1 -1 1, opens 0 opens 1 opens 2 closes 0 closes 2 cpu"
    })
    void eachIsOpenedOnce(String free, String expected) throws Exception {
        assertThat(driver.told(
                        Trial.class, Map.of("FAKE_CAPABILITIES", "90 90 90", "FAKE_FREE", free, "FAKE_TELL", "card")))
                .filteredOn(line -> !line.contains("instead"))
                .hasToString("[" + expected.replaceAll(" (?![0-9])", ", ") + "]");
    }

    /** What goes wrong with a card that is not taken keeps the others from nothing. */
    @Test
    void aCardThatFailsWhileItIsGivenBack() throws Exception {
        assertThat(told("90 90", "1 20", "cuStreamDestroy_v2 1 0 1"))
                .contains("cuStreamDestroy failed: CUDA_ERROR_FAKE (1), as it was told")
                .last()
                .isEqualTo("cuda");
    }

    /** The first thing that went wrong is told, also where a card fails to close after it. */
    @ParameterizedTest
    @CsvSource({"cuda:0, 1", "'cuda:0,cuda:1', 1 1"})
    void tooLittleRoomOnACardThatFailsToClose(String device, String free) throws Exception {
        List<String> told = driver.told(
                Trial.class,
                Map.of(
                        "FAKE_CAPABILITIES",
                        "90 90",
                        "FAKE_FREE",
                        free,
                        "FAKE_FAIL",
                        "cuStreamDestroy_v2 1",
                        "JDK_JAVA_OPTIONS",
                        "-Ddevice=" + device));
        assertThat(told).last().asString().startsWith("the weights take 4.29 GB");
    }

    @Test
    void theCpuWhereNoneOpens() throws Exception {
        String failed =
                " (Fake 90): cuDevicePrimaryCtxRetain failed: CUDA_ERROR_FAKE (46), as it was told; the CPU computes instead;"
                        + " nvidia-smi shows the state of the GPU; another program may have it for itself";
        assertThat(told("90 90", "20 20", "cuDevicePrimaryCtxRetain 46"))
                .containsExactly("cannot use cuda:0" + failed, "cannot use cuda:1" + failed, "cpu");
    }
}
