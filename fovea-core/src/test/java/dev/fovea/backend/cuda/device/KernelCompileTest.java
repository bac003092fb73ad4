package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.fovea.backend.cuda.Kernels;
import dev.fovea.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every module compiles, without registers spilled to memory but those that are known, where a compiler is found. In an ordinary run
 * the kernels for maps of one dtype; with {@code -Dslow} all for every architecture that the compiler knows, by each of NVRTC 12
 * and 13, or those of the sources that {@code -Dfovea.test.kernels=few,norm} names.
 */
class KernelCompileTest {
    private static final List<Integer> CAPABILITIES = List.of(80, 86, 89, 90, 100, 120);
    private static final Pattern SPILLED =
            Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
    private static final Pattern USED = Pattern.compile("Used (\\d+) registers");

    /**
     * Bytes that NVRTC 13.0 spills for large blocks of attention, at most. What frees registers in one of these kernels makes it spill
     * in another, or for an older architecture, and none of it can be timed before there is such a card (docs/experiments.md).
     */
    private static final Map<String, Integer> KNOWN_SPILLS = Map.of(
            "flash-X=bf16-D=72 for sm_100", 48,
            "flash-X=f16-D=72 for sm_100", 8,
            "flash-X=f16-D=128 for sm_100", 8,
            "flash-X=bf16-D=72 for sm_120", 32,
            "flash-X=f16-D=72 for sm_120", 52,
            "flash-X=bf16-D=96 for sm_120", 16,
            "flash-X=f16-D=96 for sm_120", 8,
            "flash-X=bf16-D=128 for sm_120", 84,
            "flash-X=f16-D=128 for sm_120", 84);

    @Test
    void aModuleCompiles() {
        List<Kernel.Module> module = List.of(Kernel.Module.of("maps", DType.BFLOAT16, DType.BFLOAT16));
        assertThat(Kernels.modules()).containsAll(module);
        assertThat(faults(Compilers.any(), module, "sm_90a")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    @Tag("slow")
    void allModulesCompileForEveryArchitecture(int major) {
        Optional<Nvrtc> nvrtc = Compilers.of(major);
        assumeThat(nvrtc).as("NVRTC " + major).isPresent();
        List<String> faults = new ArrayList<>();
        for (int capability : CAPABILITIES) {
            if (nvrtc.get().architectures().contains(capability)) {
                faults.addAll(faults(nvrtc.get(), modules(), KernelCode.architecture(capability)));
            }
        }
        assertThat(faults).isEmpty();
    }

    private static List<Kernel.Module> modules() {
        String sources = System.getProperty("fovea.test.kernels", "");
        return Kernels.modules().stream()
                .filter(m -> sources.isEmpty() || List.of(sources.split(",")).contains(m.source()))
                .toList();
    }

    private static List<String> faults(Nvrtc nvrtc, List<Kernel.Module> modules, String architecture) {
        return modules.parallelStream()
                .flatMap(module -> faults(
                        module.id() + " for " + architecture,
                        nvrtc.compile(module, architecture, "--ptxas-options=-v")
                                .log()))
                .toList();
    }

    /** One for each line of the assembler's account that is not as it should be. */
    private static Stream<String> faults(String what, String log) {
        assertThat(USED.matcher(log).find())
                .as(what + ": the assembler says what it used")
                .isTrue();
        return log.lines()
                .filter(line -> isFault(line, KNOWN_SPILLS.getOrDefault(what, 0)))
                .map(line -> what + ": " + line.strip());
    }

    private static boolean isFault(String line, int mostSpilled) {
        Matcher spilled = SPILLED.matcher(line);
        if (spilled.find()) {
            boolean loads = Integer.parseInt(spilled.group(3)) > 0;
            return Integer.parseInt(spilled.group(2)) > mostSpilled || (mostSpilled == 0 && loads);
        }
        Matcher used = USED.matcher(line);
        return used.find() && Integer.parseInt(used.group(1)) > 255;
    }
}
