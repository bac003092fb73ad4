package dev.fovea.app.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Without the flags that README names, a sentence names them. */
class FlagsTest {
    @Test
    void withoutTheVectorApi() throws Exception {
        assertThat(run("--enable-native-access=ALL-UNNAMED"))
                .contains("the Java module jdk.incubator.vector is not there")
                .contains("--add-modules jdk.incubator.vector");
    }

    @Test
    void whereNativeAccessIsDenied() throws Exception {
        assertThat(run("--add-modules", "jdk.incubator.vector", "--illegal-native-access=deny"))
                .contains("this JVM denies native access; the CPU backend needs it")
                .contains("--enable-native-access=ALL-UNNAMED");
    }

    /** What a program says that fails. */
    private static String run(String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", SnippetsTest.classPath(), "dev.fovea.app.Main", "run", "demo", "Hello"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isNotZero();
        assertThat(said).doesNotContain("Exception").doesNotContain("internal error");
        return said;
    }
}
