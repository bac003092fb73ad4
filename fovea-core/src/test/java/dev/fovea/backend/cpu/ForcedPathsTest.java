package dev.fovea.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.LosslessCase;
import dev.fovea.parity.ParityTest;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The kernels of each kind of processor, on whichever this is: a JVM with the properties that force them runs the contract of
 * operations and cases of the parity kit. A kind that the processor is not runs as what it has.
 */
class ForcedPathsTest {
    private static final String PRODUCTS = CpuBackendTest.class.getPackageName() + ".products";

    /** Products of all dtypes, forms and lengths, machine code for rows beside its twins, a model in bfloat16 and in float16. */
    private static final List<String> SHORT = List.of(
            CpuBackendTest.class.getName() + "#linear",
            CpuBackendTest.class.getName() + "#attention",
            PRODUCTS + ".DotTest",
            PRODUCTS + ".DotCodeTest",
            CpuBackendTest.class.getPackageName() + ".rows.RowCodeTest",
            PRODUCTS + ".DepthwiseTest",
            ParityTest.class.getName());

    private static final List<String> WHOLE = List.of(
            PRODUCTS + ".DotTest",
            CpuBackendTest.class.getName(),
            CpuBackendOneThreadTest.class.getName(),
            CpuBackendJavaGemmTest.class.getName(),
            LosslessCase.class.getPackageName() + ".LosslessLinearTest",
            ParityTest.class.getName());

    enum Kind {
        AVX2("no more than AVX2 by fovea.isa", "-Dfovea.isa=avx2", "-XX:UseAVX=2"),
        AVX512("no more than AVX-512 by fovea.isa", "-Dfovea.isa=avx512"),
        AVX512_BF16("no more than AVX-512 with bfloat16 by fovea.isa", "-Dfovea.isa=avx512_bf16"),
        AVX512_FP16("no more than AVX-512 with bfloat16 and float16 by fovea.isa", "-Dfovea.isa=avx512_fp16"),
        JAVA_ALONE("as chosen", "-Dfovea.gemm=java", "-Dfovea.test.devices=cpu:java"),
        NARROW("128-bit vectors", "-Dfovea.vectorBits=128", "-Dfovea.gemm=java", "-Dfovea.test.devices=cpu:java");

        private final String says;
        private final List<String> flags;

        Kind(String says, String... flags) {
            this.says = says;
            this.flags = List.of(flags);
        }
    }

    @Test
    void productsAndAModelAsOnAvx2() throws IOException, InterruptedException {
        List<String> flags = new ArrayList<>(Kind.AVX2.flags);
        flags.add("-Dfovea.test.kit=blip2/opt-calm");
        run(Kind.AVX2, flags, SHORT);
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void everything(Kind kind) throws IOException, InterruptedException {
        run(kind, kind.flags, WHOLE);
    }

    private static void run(Kind kind, List<String> flags, List<String> tests)
            throws IOException, InterruptedException {
        assertThat(output(flags, tests)).as(String.join(" ", flags)).contains(kind.says, ForcedPath.PASSED);
    }

    private static String output(List<String> flags, List<String> tests) throws IOException, InterruptedException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.awt.headless=true",
                "-Dfovea.test.devices=cpu"));
        command.addAll(flags);
        command.addAll(List.of(
                "-cp",
                classes.replace(File.pathSeparator + File.pathSeparator, File.pathSeparator),
                ForcedPath.class.getName()));
        command.addAll(tests);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
