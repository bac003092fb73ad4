package dev.fovea.app.cli;

import dev.fovea.ModelInfo;
import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a model is and what it needs. */
@Command(
        name = "inspect",
        description = "Shows what a model is, what memory it needs and what a picture costs; reads headers only.",
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  fovea inspect Qwen/Qwen2.5-VL-3B-Instruct",
            "  fovea inspect ./model --image-size 1920x1080 --max-length 8000 --format json"
        })
final class InspectCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "MODEL", description = "A model directory, a hub id, or demo.")
    String model = "";

    @Option(names = "--image-size", paramLabel = "WxH", description = "A picture whose tokens to count; repeatable.")
    List<String> imageSizes = List.of("640x480", "1920x1080");

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description = "Prompt and answer to plan memory for (default: 4096).")
    Optional<Integer> maxLength = Optional.empty();

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<Size> sizes =
                imageSizes.stream().map(s -> Size.parse("--image-size", s)).toList();
        if (maxLength.isPresent() && maxLength.get() < 1) {
            throw new OptionException("--max-length is " + maxLength.get() + "; expected at least 1");
        }
        engine.check();
        ModelInfo info = Pulling.info(model, engine::loadOptions, console, output.quiet);
        Report report = new Report();
        identity(info, report);
        parameters(info, report);
        memory(info, report);
        pictures(info, sizes, report);
        ignored("config.json", info.ignoredConfig(), "ignored_config", report);
        ignored("weights", info.ignoredWeights(), "ignored_weights", report);
        report.print(console, output);
        return ExitStatus.DONE;
    }

    private static void identity(ModelInfo info, Report report) {
        report.add(
                "directory",
                info.directory().toString(),
                "directory",
                info.directory().toString());
        report.add("model type", info.modelType(), "model_type", info.modelType());
        report.add("architecture", String.join(", ", info.architectures()), "architectures", info.architectures());
        report.add(
                "computes in", info.dtype().torchName(), "dtype", info.dtype().torchName());
        report.add(
                "positions",
                Integer.toString(info.maxPositionEmbeddings()),
                "max_position_embeddings",
                info.maxPositionEmbeddings());
    }

    private static void parameters(ModelInfo info, Report report) {
        Map<String, Long> parts = info.parametersByComponent();
        long all = parts.values().stream().mapToLong(n -> n).sum();
        report.add("parameters", Report.count(all), "parameters", all);
        parts.forEach((part, n) -> report.line("  " + part, Report.count(n)));
        report.add("files", stored(info.bytesByType()), "bytes_by_type", info.bytesByType());
        report.data("parameters_by_component", parts);
    }

    private static String stored(Map<String, Long> bytesByType) {
        return bytesByType.entrySet().stream()
                .map(e -> Report.bytes(e.getValue()) + " of " + e.getKey())
                .collect(Collectors.joining(", "));
    }

    private void memory(ModelInfo info, Report report) {
        int length = Math.min(maxLength.orElse(4096), info.maxPositionEmbeddings());
        long cache = info.cacheBytes(length);
        long activations = info.activationBytes(length);
        long all = info.weightBytes() + cache + activations;
        report.add("memory for " + length + " tokens", Report.bytes(all), "memory_bytes", all);
        report.add("  weights", weights(info), "weight_bytes", info.weightBytes());
        report.add("  keys and values", Report.bytes(cache), "cache_bytes", cache);
        report.add("  activations", "about " + Report.bytes(activations), "activation_bytes", activations);
        report.data("max_length", length);
        long thousand = info.cacheBytes(length + 1000) - cache;
        report.add("a thousand tokens more", Report.bytes(thousand), "cache_bytes_per_1000_tokens", thousand);
        long read = info.decodeBytesPerToken();
        report.add("read per new token", Report.bytes(read), "decode_bytes_per_token", read);
        rooms(info.rooms(length), report);
    }

    private static void rooms(List<ModelInfo.Room> rooms, Report report) {
        List<Map<String, Object>> json = new ArrayList<>();
        for (ModelInfo.Room room : rooms) {
            report.line(
                    "room on " + room.device(),
                    (room.isEnough() ? "yes" : "no") + ": needs " + Report.bytes(room.neededBytes()) + " of "
                            + Report.bytes(room.freeBytes()) + " free");
            json.add(Map.of(
                    "device",
                    room.device(),
                    "needed_bytes",
                    room.neededBytes(),
                    "free_bytes",
                    room.freeBytes(),
                    "enough",
                    room.isEnough()));
        }
        report.data("room", json);
    }

    private static String weights(ModelInfo info) {
        long converted = info.convertedBytes();
        return Report.bytes(info.weightBytes())
                + (converted == 0 ? ", mapped from the files" : ", of these converted " + Report.bytes(converted));
    }

    private static void pictures(ModelInfo info, List<Size> sizes, Report report) {
        Map<String, Integer> tokens = new LinkedHashMap<>();
        for (Size size : sizes) {
            int n = info.imageTokens(size.width(), size.height());
            tokens.put(size.toString(), n);
            report.line("a picture of " + size, n == 0 ? "not taken" : n + " tokens");
        }
        report.data("image_tokens", tokens);
    }

    private static void ignored(String where, Map<String, String> reasons, String key, Report report) {
        report.data(key, reasons);
        if (!reasons.isEmpty()) {
            report.line("not used of " + where, "");
            reasons.forEach((name, reason) -> report.line("  " + name, reason));
        }
    }
}
