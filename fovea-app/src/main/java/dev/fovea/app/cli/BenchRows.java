package dev.fovea.app.cli;

import dev.fovea.GenerateOutput;
import dev.fovea.Model;
import dev.fovea.ModelInfo;
import dev.fovea.Pipeline;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.models.Inputs;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What {@code bench} measures beside the usual answer, each once: the start, idle threads, beams, long prompts, a large picture. */
final class BenchRows {
    private static final int BEAMS = 3;
    private static final int STEPS = 16;
    private static final Size LARGE = new Size(4000, 3000);

    private final Pipeline pipe;
    private final ModelInfo info;
    private final Size size;
    private final Report report;
    private int pictures = 1000;

    BenchRows(Pipeline pipe, ModelInfo info, Size size, Report report) {
        this.pipe = pipe;
        this.info = info;
        this.size = size;
        this.report = report;
    }

    /**
     * A short text's first token, or a picture's where the model reads no text alone, since the process began: by the clock, and of all
     * processors, compilers included.
     */
    void start() {
        Optional<Instant> began = ProcessHandle.current().info().startInstant();
        generate(prompt(8), 1, 1);
        began.ifPresent(instant -> BenchCommand.milliseconds(
                report,
                "start to the first token",
                "start_to_first_token_ms",
                Duration.between(instant, Instant.now()).toNanos() / 1e6));
        ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .ifPresent(used -> BenchCommand.milliseconds(
                        report, "  of processors", "start_to_first_token_cpu_ms", used.toNanos() / 1e6));
    }

    /**
     * The share of their time that threads were idle, and the share of the clock's that one worked alone. Threads are also idle while they
     * wait for the last piece of a job, or begin late.
     */
    void threads(int tokens, int steps, int threads) {
        if (threads < 2) {
            return;
        }
        Model model = pipe.model();
        Model.ThreadTime before = model.threadTime();
        double prefill = generate(prompt(tokens), 1, 1).prefill();
        Model.ThreadTime first = model.threadTime();
        double worked = first.worked() - before.worked();
        double shared = first.shared() - before.shared();
        if (worked == 0) {
            return; // a GPU computes
        }
        missing("  threads idle in prefill", "prefill_idle_share", worked, threads * prefill);
        missing("  one thread alone in prefill", "prefill_serial_share", shared, prefill);
        GenerateOutput.Timings both = generate(prompt(tokens), steps, 1);
        Model.ThreadTime last = model.threadTime();
        double part = both.prefill() / prefill;
        worked = last.worked() - first.worked() - worked * part;
        shared = last.shared() - first.shared() - shared * part;
        missing("  threads idle in decode", "decode_idle_share", worked, threads * both.decode());
        missing("  one thread alone in decode", "decode_serial_share", shared, both.decode());
    }

    private void missing(String label, String key, double nanos, double millis) {
        double share = Math.clamp(1 - nanos / 1e6 / millis, 0.0, 1.0);
        report.add(label, Report.decimals(100 * share) + " %", key, share);
    }

    void beams(int tokens, int steps) {
        int count = Math.min(steps, STEPS);
        Inputs prompt = prompt(tokens);
        double one = generate(prompt, count, 1).decode();
        double three = generate(prompt, count, BEAMS).decode();
        report.add(
                BEAMS + " beams",
                Report.decimals(three / one) + " times the time of a greedy step",
                "beams_ratio",
                three / one);
    }

    /** Prefill of a longer prompt. */
    void longer(int tokens, double flopsPerSecond) {
        if (tokens + 1 > info.maxPositionEmbeddings() || pipe.model().isEncoderDecoder()) {
            return;
        }
        double millis = generate(prompt(tokens), 1, 1).prefill();
        BenchCommand.rate(report, "long_prefill", "prefill of " + tokens, tokens, millis);
        BenchCommand.share(
                report,
                "  share of the matrix rate",
                "long_prefill_share",
                info.prefillFlops(tokens) / millis,
                flopsPerSecond);
    }

    /** Decode behind a long prompt. */
    void context(int tokens, double usualMillis) {
        if (tokens + STEPS > info.maxPositionEmbeddings() || pipe.model().isEncoderDecoder()) {
            return;
        }
        double millis = generate(prompt(tokens), STEPS, 1).decode();
        BenchCommand.rate(report, "context_decode", "decode behind " + tokens, STEPS - 1, millis);
        double share = usualMillis / (millis / (STEPS - 1));
        report.add("  of the usual rate", Math.round(100 * share) + " %", "context_decode_ratio", share);
    }

    /** Resizing and the like of a picture from a camera; the second of two runs. */
    void largePicture() {
        if (info.imageTokens(size.width(), size.height()) == 0) {
            return;
        }
        double millis = 0;
        for (int run = 0; run < 2; run++) {
            var image = BenchCommand.picture(LARGE, pictures++);
            long start = System.nanoTime();
            BenchCommand.question(pipe.processor(), image);
            millis = (System.nanoTime() - start) / 1e6;
        }
        BenchCommand.milliseconds(report, "preprocessing of " + LARGE, "large_preprocess_ms", millis);
    }

    private Inputs prompt(int tokens) {
        return pipe.model().isEncoderDecoder()
                ? BenchCommand.question(pipe.processor(), BenchCommand.picture(size, pictures++))
                : BenchCommand.text(pipe.processor(), tokens);
    }

    private GenerateOutput.Timings generate(Inputs prompt, int tokens, int beams) {
        GenerationConfig config = GenerationConfig.maxNewTokens(tokens)
                .withMinNewTokens(tokens)
                .withDoSample(false)
                .withNumBeams(beams);
        return pipe.model().generate(prompt, config).timings();
    }
}
