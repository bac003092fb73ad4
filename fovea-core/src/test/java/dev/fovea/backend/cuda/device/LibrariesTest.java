package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.LibrarySearch.Found;
import dev.fovea.backend.cuda.device.LibrarySearch.Library;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibrariesTest {
    /** Versions found, of CUDA that the driver knows; the version chosen, why none is, and what helps. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "13 12 | 13000 | 13 | - | -",
                "13 12 | 12040 | 12 | - | -",
                "12    | 13010 | 12 | - | -",
                "13    | 0     | 13 | - | -",
                "13    | 12040 | -  | /lib/x.so.13 is of CUDA 13, the driver for CUDA 12.4"
                        + " | pip install nvidia-cuda-nvrtc-cu12, or a newer driver",
                "11    | 12040 | -  | /lib/x.so.11 is of CUDA 11; 12 is needed at least | pip install nvidia-cuda-nvrtc-cu12",
                "-     | 13000 | -  | not found in a CUDA toolkit, a Python environment or the system"
                        + " | pip install nvidia-cuda-nvrtc",
                "-     | 12080 | -  | not found in a CUDA toolkit, a Python environment or the system"
                        + " | pip install nvidia-cuda-nvrtc-cu12",
            })
    void choosesWhatTheDriverCanServe(String found, int cuda, Integer chosen, String problem, String hint) {
        Libraries.Choice choice = Libraries.choose(Library.NVRTC, found(found), cuda);
        if (chosen != null) {
            assertThat(choice.usable().getFirst().major()).isEqualTo(chosen);
        } else {
            assertThat(choice).isEqualTo(new Libraries.Choice(List.of(), problem, hint));
        }
    }

    private static List<Found> found(String majors) {
        return majors == null
                ? List.of()
                : Arrays.stream(majors.strip().split(" "))
                        .map(major -> new Found(Path.of("/lib/x.so." + major), Integer.parseInt(major)))
                        .toList();
    }
}
