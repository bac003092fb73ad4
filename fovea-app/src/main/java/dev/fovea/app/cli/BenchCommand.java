package dev.fovea.app.cli;

import dev.fovea.Content;
import dev.fovea.Engine;
import dev.fovea.GenerateOutput;
import dev.fovea.LoadOptions;
import dev.fovea.Message;
import dev.fovea.ModelInfo;
import dev.fovea.Pipeline;
import dev.fovea.Processor;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How fast a model is on this machine. */
@Command(
        name = "bench",
        description =
                "Measures loading, encoding a picture, prefill and decode: medians, and shares of what the machine can.",
        sortOptions = false,
        footer = {"", "Example:", "  fovea bench ./model --prefill 512 --decode 128 --format json"})
final class BenchCommand implements Callable<Integer> {
    /** What measuring a rate of the machine takes for each run. */
    private static final Duration MEASURING = Duration.ofMillis(333);

    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(names = "--image-size", paramLabel = "WxH", description = "The picture (default: ${DEFAULT-VALUE}).")
    String imageSize = "640x480";

    @Option(names = "--prefill", paramLabel = "N", description = "Tokens of the prompt (default: ${DEFAULT-VALUE}).")
    int prefill = 256;

    @Option(names = "--decode", paramLabel = "N", description = "Tokens of the answer (default: ${DEFAULT-VALUE}).")
    int decode = 64;

    @Option(names = "--repeat", paramLabel = "N", description = "Runs behind the first (default: ${DEFAULT-VALUE}).")
    int repeat = 3;

    @Option(
            names = "--context",
            paramLabel = "N",
            description = "Tokens of the long prompt; 0 leaves long prompts out (default: ${DEFAULT-VALUE}).")
    int context = 4096;

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    /** What the machine can: bytes read and floating point operations per second. */
    private record Rates(double memory, double matrix) {}

    BenchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Size size = Size.parse("--image-size", imageSize);
        if (prefill < 1 || decode < 2 || repeat < 1 || context < 0) {
            throw new OptionException(
                    "--prefill and --repeat must be at least 1, --decode at least 2, --context at least 0; found "
                            + prefill + ", " + repeat + ", " + decode + " and " + context);
        }
        engine.check();
        String directory = Pulling.directory(model, console, output.quiet);
        LoadOptions options = engine.loadOptions(Warnings.to(console::note));
        ModelInfo info = ModelInfo.of(directory, options);
        Report report = new Report();
        try (StatusLine status = new StatusLine(console, output.quiet)) {
            status.show("Loading " + model);
            report.add("model", model + " in " + info.dtype().torchName(), "model", model)
                    .data("dtype", info.dtype().torchName());
            long start = System.nanoTime();
            try (Pipeline pipe = Pipeline.of("image-text-to-text", directory, options);
                    Engine computing = Engine.of(pipe.model())) {
                double loaded = (System.nanoTime() - start) / 1e6;
                String kind = computing.kernels().kind();
                report.add("backend", computing.describe(), "backend", computing.describe())
                        .add("kind of machine", kind, "kind", kind);
                milliseconds(report, "load", "load_ms", loaded);
                BenchRows more = new BenchRows(pipe, info, size, report);
                more.start();
                status.show("Measuring the machine");
                Duration measuring = MEASURING.multipliedBy(Math.min(repeat, 3));
                Rates rates = new Rates(
                        computing.readBytesPerSecond(measuring),
                        computing.matrixFlopsPerSecond(info.dtype(), measuring));
                Proc.forgetPeak();
                if (info.imageTokens(size.width(), size.height()) > 0) {
                    status.show("Looking at a picture of " + size);
                    picture(pipe, size, info, rates, report);
                }
                status.show("Reading " + prefill + " tokens, writing " + decode);
                double perToken = text(pipe, size, info, rates, report);
                machine(report, rates);
                memory(report);
                status.show("Three beams, long prompts, a large picture");
                more.threads(prefill, decode, engine.threadCount());
                more.beams(prefill, decode);
                if (context > 0) {
                    more.longer(4 * prefill, rates.matrix());
                    more.context(context, perToken);
                }
                more.largePicture();
            }
        }
        report.print(console, output);
        return ExitStatus.DONE;
    }

    private static void machine(Report report, Rates rates) {
        report.add(
                "memory bandwidth",
                Report.bytes((long) rates.memory()) + "/s read",
                "read_bytes_per_second",
                rates.memory());
        report.add(
                "matrix rate",
                Report.decimals(rates.matrix() / 1e9) + " GFLOP/s",
                "matrix_flops_per_second",
                rates.matrix());
    }

    /** The highest use; and without the pages of files that are mapped. */
    private static void memory(Report report) {
        Proc.bytes("self/status", "VmHWM").ifPresent(peak -> {
            report.add("peak memory", Report.bytes(peak), "peak_rss_bytes", peak);
            Proc.bytes("self/status", "RssFile")
                    .ifPresent(mapped -> report.add(
                            "  beyond mapped files",
                            Report.bytes(peak - mapped),
                            "peak_beyond_mapped_bytes",
                            peak - mapped));
        });
    }

    /** From a decoded picture and a question to the first token. */
    private void picture(Pipeline pipe, Size size, ModelInfo info, Rates rates, Report report) {
        List<Double> preprocess = new ArrayList<>();
        List<Double> vision = new ArrayList<>();
        List<Double> first = new ArrayList<>();
        int tokens = 0;
        long flops = 0;
        for (int run = 0; run <= repeat; run++) {
            DecodedImage image = picture(size, run);
            long start = System.nanoTime();
            Inputs inputs = question(pipe.processor(), image);
            double processed = (System.nanoTime() - start) / 1e6;
            GenerateOutput out = pipe.model()
                    .generate(inputs, GenerationConfig.maxNewTokens(1).withDoSample(false));
            double answered = (System.nanoTime() - start) / 1e6;
            tokens = inputs.rows().getFirst().images().getFirst().tokens();
            if (run == 0) {
                flops = info.encodingFlops(inputs);
            } else {
                preprocess.add(processed);
                vision.add(out.timings().vision());
                first.add(answered);
            }
        }
        report.data("image_size", size.toString());
        report.add("picture of " + size, tokens + " tokens", "image_tokens", tokens);
        milliseconds(report, "  preprocessing", "preprocess_ms", median(preprocess));
        milliseconds(report, "  encoding", "image_ms", median(vision));
        share(report, "  share of the matrix rate", "image_share", flops / median(vision), rates.matrix());
        milliseconds(report, "  to the first token", "time_to_first_token_ms", median(first));
    }

    static Inputs question(Processor processor, DecodedImage image) {
        if (!processor.hasChatTemplate()) {
            return processor.process(image, "What is in the picture?");
        }
        String prompt = processor.applyChatTemplate(
                List.of(Message.user(Content.image(), Content.text("What is in the picture?"))));
        return processor.process(Optional.of(prompt), List.of(image), Map.of("add_special_tokens", false));
    }

    /** Milliseconds per token of an answer that is as long as is asked, to a text or, where a model reads none alone, about a picture. */
    private double text(Pipeline pipe, Size size, ModelInfo info, Rates rates, Report report) {
        boolean encoder = pipe.model().isEncoderDecoder();
        Inputs text = text(pipe.processor(), prefill);
        GenerationConfig config = GenerationConfig.maxNewTokens(decode)
                .withMinNewTokens(decode)
                .withDoSample(false)
                .withNumBeams(1);
        List<Double> prefills = new ArrayList<>();
        List<Double> decodes = new ArrayList<>();
        for (int run = 0; run <= repeat; run++) {
            Inputs prompt = encoder ? question(pipe.processor(), picture(size, repeat + 1 + run)) : text;
            GenerateOutput.Timings took = pipe.model().generate(prompt, config).timings();
            if (run > 0) {
                prefills.add(took.vision() + took.prefill());
                decodes.add(took.decode());
            }
        }
        if (encoder) {
            milliseconds(report, "picture and prompt", "prefill_ms", median(prefills));
        } else {
            rate(report, "prefill", "prefill", prefill, median(prefills));
        }
        double flops = info.prefillFlops(prefill) / median(prefills);
        share(report, "  share of the matrix rate", "prefill_share", flops, rates.matrix());
        rate(report, "decode", "decode", decode - 1, median(decodes));
        double read = (double) info.decodeBytesPerToken() * (decode - 1) / median(decodes);
        share(report, "  share of the bandwidth", "decode_share", read, rates.memory());
        report.data("decode_bytes_per_token", info.decodeBytesPerToken());
        return median(decodes) / (decode - 1);
    }

    static Inputs text(Processor processor, int tokens) {
        int[] words = processor.tokenizer().encode("The quick brown fox jumps over the lazy dog. ", false);
        int[] ids = new int[tokens];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = words[i % words.length];
        }
        return new Inputs(List.of(new Inputs.Row("", ids, List.of(), List.of())));
    }

    static void rate(Report report, String key, String label, int tokens, double millis) {
        double perSecond = tokens / millis * 1e3;
        report.add(
                label,
                Report.decimals(perSecond) + " tokens/s (" + tokens + " in " + Report.decimals(millis) + " ms)",
                key + "_tokens_per_second",
                perSecond);
        report.data(key + "_tokens", tokens).data(key + "_ms", millis);
    }

    static void share(Report report, String label, String key, double perMilli, double possible) {
        double share = perMilli * 1e3 / possible;
        report.add(label, Math.round(100 * share) + " %", key, share);
    }

    static void milliseconds(Report report, String label, String key, double millis) {
        report.add(label, Report.decimals(millis) + " ms", key, millis);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** A picture that no other variant equals: a model may keep what it made of one. */
    static DecodedImage picture(Size size, int variant) {
        byte[] rgb = new byte[3 * size.width() * size.height()];
        for (int y = 0, at = 0; y < size.height(); y++) {
            for (int x = 0; x < size.width(); x++) {
                rgb[at++] = (byte) (255L * x / size.width());
                rgb[at++] = (byte) (255L * y / size.height());
                rgb[at++] = (byte) ((x ^ y) + variant);
            }
        }
        return DecodedImage.of(new Picture(size.width(), size.height(), rgb));
    }
}
