package dev.fovea.backend.cuda.device;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A CUDA driver that makes bad situations ({@code fake_driver.c}), for processes that tests start. */
public final class FakeDriver {
    private final Path folder;

    private FakeDriver(Path folder) {
        this.folder = folder;
    }

    /** Into a folder; whoever has no C compiler skips the test. */
    public static FakeDriver compile(Path folder) throws IOException, InterruptedException {
        return new FakeDriver(folder).with("fake_driver.c", "libcuda.so.1");
    }

    /** Beside a library that does as a source says. */
    FakeDriver with(String text, String name) throws IOException, InterruptedException {
        Path source = folder.resolve(text);
        try (InputStream in = FakeDriver.class.getResourceAsStream(text)) {
            Files.copy(Objects.requireNonNull(in), source);
        }
        String library = folder.resolve(name).toString();
        boolean isThere;
        try {
            isThere = run(List.of("cc", "-shared", "-fPIC", "-w", "-o", library, source.toString()), Map.of())
                    .isEmpty();
        } catch (IOException _) {
            isThere = false;
        }
        assumeThat(isThere).as("a C compiler on this machine, as cc").isTrue();
        return this;
    }

    /** Lines of what the main method of a class prints beside this driver. */
    public List<String> told(Class<?> trial, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Dfovea.cache=" + folder.resolve("cache"),
                "-cp",
                System.getProperty("java.class.path"),
                trial.getName()));
        command.addAll(List.of(arguments));
        Map<String, String> all = new HashMap<>(
                Map.of("LD_LIBRARY_PATH", folder.toString(), "FAKE_CUDA", "13000", "FAKE_CAPABILITIES", "90"));
        all.putAll(environment);
        return run(command, all);
    }

    /** Lines of what a process says, but for the JVM's warnings; no library is found but those that were compiled. */
    private static List<String> run(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        if (!environment.isEmpty()) {
            builder.environment().clear();
            builder.environment().putAll(environment);
        }
        Process process = builder.start();
        try (InputStream out = process.getInputStream()) {
            List<String> lines = new String(out.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("WARNING"))
                    .toList();
            process.waitFor();
            return lines;
        }
    }
}
