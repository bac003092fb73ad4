package dev.fovea.app.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.DemoModels;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every piece of Java in README, docs and the Javadoc of the public API, and every example, compiled and run as it stands, in a JVM with
 * the documented flags. The hub ids of the pages name the demo models and checkpoints of the parity kit there, their pictures one
 * of the demo's; variables that a page does not declare are those of {@code variables.txt}.
 */
class SnippetsTest {
    private static final Path KIT = Snippet.ROOT.resolve("fovea-core/src/test/resources/oracle");
    private static final List<String> PICTURES = List.of(
            "photo.jpg", "street.jpg", "bee.jpg", "a.jpg", "b.png", "frames/1.png", "frames/2.png", "0.png", "1.png");

    /** Example to the hub id that it is run with. */
    private static final Map<String, String> EXAMPLES = Map.of(
            "Blip2", "Salesforce/blip2-opt-2.7b",
            "Florence2", "microsoft/Florence-2-large",
            "Gemma3", "google/gemma-3-4b-it",
            "Gemma3Pipeline", "google/gemma-3-4b-it",
            "LlavaOneVision15", "lmms-lab/LLaVA-OneVision-1.5-8B-Instruct",
            "Qwen25VL", "Qwen/Qwen2.5-VL-3B-Instruct");

    /** Those of Qwen2.5-VL's page beside its first script. */
    private static final List<String> OF_QWEN =
            List.of("MultiImage", "Video", "Batch", "Resolution", "Sources", "Grounding");

    @TempDir
    Path folder;

    private final List<Path> links = new ArrayList<>();

    /** JUnit deletes them too, and warns of each. */
    @AfterEach
    void unlink() throws IOException {
        for (Path link : links) {
            Files.delete(link);
        }
    }

    @Test
    void compileAndRun() throws Exception {
        List<Snippet> snippets = Stream.concat(Snippet.ofPages("java").stream(), Snippet.ofJavadoc().stream())
                .toList();
        assertThat(snippets).hasSizeGreaterThan(20);
        List<Path> sources = new ArrayList<>();
        List<String> calls = new ArrayList<>();
        for (Snippet whole : snippets.stream().filter(Snippet::isFile).toList()) {
            String name = whole.code().replaceFirst("(?s).*\\bclass (\\w+).*", "$1");
            sources.add(Files.writeString(folder.resolve(name + ".java"), whole.code()));
            calls.add(call(whole.where(), "() -> " + name + ".main(new String[0])"));
        }
        List<Snippet> parts = snippets.stream().filter(s -> !s.isFile()).toList();
        for (int i = 0; i < parts.size(); i++) {
            String context = parts.get(i).needsTasks() ? "Finder" : "Chat";
            calls.add(call(parts.get(i).where(), context + "::snippet" + i));
        }
        Map<String, String> examples = new LinkedHashMap<>(EXAMPLES);
        OF_QWEN.forEach(name -> examples.put(name, EXAMPLES.get("Qwen25VL")));
        examples.forEach((name, model) -> {
            sources.add(Snippet.ROOT.resolve("examples/src/main/java/" + name + ".java"));
            String shown = name.equals("Video") ? "clip.mp4" : "photo.jpg";
            calls.add(call(
                    "examples/" + name,
                    "() -> " + name + ".main(new String[] {\"" + model + "\", \"" + shown + "\"})"));
        });
        try (Stream<Path> files = Files.list(Snippet.ROOT.resolve("examples/src/main/java"))) {
            assertThat(examples.keySet()).hasSameSizeAs(files.toList());
        }
        sources.add(Files.writeString(folder.resolve("Snippets.java"), harness(parts, calls)));
        compile(sources);
        run();
    }

    private static String call(String where, String body) {
        return "        run(\"" + where + "\", " + body + ");\n";
    }

    /** The snippets as methods of a class with the variables that they leave out, for either demo model. */
    private static String harness(List<Snippet> parts, List<String> calls) throws IOException {
        StringBuilder code = new StringBuilder(resource("harness.txt").replace("//CALLS", String.join("", calls)));
        for (boolean tasks : new boolean[] {false, true}) {
            String name = tasks ? "Finder" : "Chat";
            code.append(resource("variables.txt").replace("NAME", name));
            code.append("final class ")
                    .append(name)
                    .append(" extends ")
                    .append(name)
                    .append("Context {\n");
            code.append("    static { open(\"")
                    .append(tasks ? DemoModels.FINDER : DemoModels.DEMO)
                    .append("\"); }\n");
            for (int i = 0; i < parts.size(); i++) {
                if (parts.get(i).needsTasks() == tasks) {
                    code.append("    // ")
                            .append(parts.get(i).where())
                            .append("\n    static void snippet")
                            .append(i);
                    code.append("() throws Exception {\n")
                            .append(parts.get(i).code())
                            .append("\n    }\n");
                }
            }
            code.append("}\n");
        }
        return code.toString();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = SnippetsTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void compile(List<Path> sources) throws IOException {
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        StringWriter problems = new StringWriter();
        try (StandardJavaFileManager files = javac.getStandardFileManager(null, null, null)) {
            boolean done = javac.getTask(
                            problems,
                            files,
                            null,
                            List.of("-proc:none", "-cp", classPath(), "-d", folder.toString()),
                            null,
                            files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertThat(done).as(problems.toString()).isTrue();
        }
    }

    private void run() throws IOException, InterruptedException {
        List<Path> demo = DemoModels.pictures();
        Files.createDirectory(folder.resolve("frames"));
        for (String picture : PICTURES) {
            Files.copy(demo.getFirst(), folder.resolve(picture));
        }
        Files.copy(KIT.resolve("qwen2_5_vl/video/media/clip.mp4"), folder.resolve("clip.mp4"));
        Path models = demo.getFirst().resolveSibling("..").normalize();
        hub("Qwen/Qwen2.5-VL-3B-Instruct", models.resolve("chat"));
        hub("microsoft/Florence-2-large", models.resolve("finder"));
        hub("google/gemma-3-4b-it", KIT.resolve("gemma3/base/checkpoint"));
        hub("lmms-lab/LLaVA-OneVision-1.5-8B-Instruct", KIT.resolve("llava_onevision1_5/small/checkpoint"));
        hub("Salesforce/blip2-opt-2.7b", KIT.resolve("blip2/opt-calm/checkpoint"));
        ProcessBuilder process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.awt.headless=true",
                        "-XX:+UseSerialGC",
                        "-cp",
                        folder + File.pathSeparator + classPath(),
                        "Snippets")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output.txt").toFile());
        process.environment().remove("HF_HUB_CACHE");
        process.environment().put("HF_HOME", folder.toString());
        process.environment().put("HF_HUB_OFFLINE", "1");
        int status = process.start().waitFor();
        String output = Files.readString(folder.resolve("output.txt"));
        assertThat(output.lines().filter(l -> l.startsWith("FAILED")))
                .as(output)
                .isEmpty();
        assertThat(status).as(output).isZero();
        assertThat(folder.resolve("found.png")).exists();
    }

    /** As hf download leaves it, but a link in the place of the snapshot. */
    private void hub(String id, Path directory) throws IOException {
        Path repository = folder.resolve("hub/models--" + id.replace("/", "--"));
        Files.createDirectories(repository.resolve("refs"));
        Files.createDirectories(repository.resolve("snapshots"));
        Files.writeString(repository.resolve("refs/main"), "here");
        links.add(Files.createSymbolicLink(repository.resolve("snapshots/here"), directory));
    }

    static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
