package dev.fovea.backend.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.LoadOptions;
import dev.fovea.Machine;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.GenerationConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * The parts of {@code scripts/cuda-check}, each a process of its own: prints lines of the table, and ends with 1 where something
 * does not hold.
 */
final class CudaCheck {
    private static final String INTERPRETER = "cuda:ptx";

    private CudaCheck() {}

    /** Arguments: the part, the device, and what the part takes beside. */
    public static void main(String[] args) throws IOException {
        String device = args[1];
        boolean holds = switch (args[0]) {
            case "machine" -> machine(device);
            case "rates" -> new CudaRates(device.equals(INTERPRETER)).print();
            case "contract" -> contract(device);
            case "parity" -> tests("parity kit", selectClass("dev.fovea.parity.ParityTest"));
            case "answers" -> answers(device, List.of(args).subList(2, args.length));
            default -> throw new IllegalArgumentException(args[0]);
        };
        System.exit(holds ? 0 : 1);
    }

    /** A line of the table. */
    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency for this alone
    static void row(String what, String found, Object... values) {
        System.out.printf("%-34s %s%n", what, String.format(Locale.ROOT, found, values));
    }

    private static boolean machine(String device) {
        Machine.gpus()
                .forEach(gpu -> row(
                        gpu.device(),
                        "%s, compute capability %s, %d multiprocessors, %.1f GB",
                        gpu.name(),
                        gpu.computeCapability(),
                        gpu.multiprocessors(),
                        gpu.memoryBytes() / 1e9));
        Machine.gpuLibraries().forEach(library -> row(library.name(), "%s", library.found()));
        boolean there = device.equals(INTERPRETER) || Machine.noGpu().isEmpty();
        Machine.noGpu().ifPresent(no -> row("GPUs", "none: %s", no.reason()));
        return there;
    }

    private static boolean contract(String device) {
        boolean dry = device.equals(INTERPRETER);
        DiscoverySelector[] few = Stream.of("add", "rmsNorm", "linear", "gatherRows")
                .map(name -> selectMethod(CudaBackendTest.class, name))
                .toArray(DiscoverySelector[]::new);
        boolean holds = dry
                ? tests("operation contract, a part", few)
                : tests("operation contract", selectClass(CudaDeviceTest.class));
        return tests("products with codes", selectClass(dry ? CodesLinearTest.class : CodesDeviceTest.class)) && holds;
    }

    private static boolean tests(String what, DiscoverySelector... selectors) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectors)
                                .build(),
                        listener);
        TestExecutionSummary summary = listener.getSummary();
        row(
                what,
                "%s: %d tests passed, %d failed, in %.0f s",
                summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() > 0 ? "holds" : "FAILS",
                summary.getTestsSucceededCount(),
                summary.getTotalFailureCount(),
                (summary.getTimeFinished() - summary.getTimeStarted()) / 1e3);
        summary.getFailures()
                .forEach(f -> System.out.printf(
                        "    %s: %s%n", f.getTestIdentifier().getDisplayName(), firstLines(f.getException())));
        return summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() > 0;
    }

    private static String firstLines(Throwable failure) {
        String text = String.valueOf(failure.getMessage()).strip().replaceAll("\\s+", " ");
        return text.substring(0, Math.min(400, text.length()));
    }

    /** Greedy answers of models: alone, again, and as each row of a batch. Prints the tokens, so that runs can be compared. */
    private static boolean answers(String device, List<String> models) {
        boolean dry = device.equals(INTERPRETER);
        int tokens = dry ? 4 : 24;
        int count = dry ? 2 : 16;
        GenerationConfig greedy = GenerationConfig.of(
                Map.of("do_sample", false, "num_beams", 1, "max_new_tokens", tokens, "min_new_tokens", tokens),
                "the check");
        boolean all = true;
        for (String model : models) {
            LoadOptions options = LoadOptions.DEFAULT.withDevice(device).withDtype("float32");
            try (Pipeline pipe = Pipeline.of("image-text-to-text", model, options)) {
                Request request = Request.of("What is shown?").withGenerate(greedy);
                String alone = tokens(pipe.answer(request));
                boolean again = tokens(pipe.answer(request)).equals(alone);
                boolean batch = pipe.answer(Collections.nCopies(count, request), GenerateOptions.DEFAULT).stream()
                        .allMatch(row -> tokens(row).equals(alone));
                row(
                        "answers of "
                                + Path.of(model, "../../..")
                                        .normalize()
                                        .relativize(Path.of(model).getParent()),
                        "%s",
                        alone);
                row(
                        "  again, " + count + " rows = alone",
                        "%s, %s",
                        again ? "holds" : "FAILS",
                        batch ? "holds" : "FAILS");
                all &= again && batch;
            }
        }
        return all;
    }

    private static String tokens(Answer answer) {
        return Arrays.toString(answer.sequences().getFirst().tokenIds());
    }
}
