package dev.fovea.app.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How pictures are prepared; the names are transformers'. */
final class ProcessorOptions {
    @Option(names = "--min-pixels", paramLabel = "N", description = "Smaller pictures are enlarged to this area.")
    Optional<Long> minPixels = Optional.empty();

    @Option(names = "--max-pixels", paramLabel = "N", description = "Larger pictures are reduced to this area.")
    Optional<Long> maxPixels = Optional.empty();

    @Option(names = "--do-pan-and-scan", negatable = true, description = "Add crops of long pictures.")
    Optional<Boolean> doPanAndScan = Optional.empty();

    @Option(
            names = "--processor",
            paramLabel = "KEY=VALUE",
            description = "Any other option of the processor; repeatable.")
    Map<String, String> others = new LinkedHashMap<>();

    @Option(names = "--loader", paramLabel = "NAME", description = "load_image, pil, qwen_vl_utils or torchvision.")
    Optional<String> loader = Optional.empty();

    @Option(names = "--resampler", paramLabel = "NAME", description = "torchvision or pil.")
    Optional<String> resampler = Optional.empty();

    @Option(names = "--class-rows", paramLabel = "NAME", description = "stripped or published.")
    Optional<String> classRows = Optional.empty();

    /** The keyword arguments of the processor. */
    Map<String, @Nullable Object> toMap() {
        return new Values()
                .putAll("--processor", others)
                .put("min_pixels", minPixels)
                .put("max_pixels", maxPixels)
                .put("do_pan_and_scan", doPanAndScan)
                .toMap();
    }

    /** The keys of a request that choose between front ends. */
    Map<String, @Nullable Object> frontEnds() {
        return new Values()
                .put("loader", loader)
                .put("resampler", resampler)
                .put("class_rows", classRows)
                .toMap();
    }
}
