package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.fovea.io.Json;
import java.awt.Point;
import java.lang.foreign.Linker;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.JsonToken;

/** Who may use whom: imports go strictly down the layers, and each library is seen by one package. */
class LayeringTest {
    private static final String ROOT = "dev.fovea";

    /** Parts of the engine, lowest layer first; "" is the public API. A part may use those of lower layers only. */
    private static final List<Set<String>> LAYERS = List.of(
            Set.of("error"),
            Set.of("files", "net"),
            Set.of("tensor", "ffi", "media"),
            Set.of("io", "generate", "backend"),
            Set.of("nn", "text", "hub"),
            Set.of("models"),
            Set.of(""));

    /** Within a layer: the video decoder is a native library. */
    private static final Map<String, Set<String>> BESIDE = Map.of("media", Set.of("ffi"));

    /** Models that are a part of another: language models beside the picture towers that feed them. */
    private static final Map<String, Set<String>> PARTS_OF =
            Map.of("models.blip2", Set.of("models.opt"), "models.llava_onevision1_5", Set.of("models.qwen3"));

    /**
     * Rooms, lowest first. What chooses among a backend's kernels stands above them, in the backend's own package; what is done
     * with pictures above the pictures.
     */
    private static final List<List<Set<String>>> ROOMS = List.of(
            List.of(
                    Set.of("backend.cpu.machine"),
                    Set.of("backend.cpu.rows"),
                    Set.of("backend.cpu.products"),
                    Set.of("backend.cpu.onednn"),
                    Set.of("backend.cpu.attention", "backend.cpu.codes"),
                    Set.of("backend.cpu")),
            List.of(Set.of("backend.cuda.device"), Set.of("backend.cuda.ptx"), Set.of("backend.cuda")),
            List.of(Set.of("media"), Set.of("media.transforms", "media.drawing")));

    /** What nobody but the public API and the backends themselves knows. */
    private static final Map<String, Set<String>> HIDDEN = Map.of(
            "nn", Set.of("backend", "ffi"),
            "text", Set.of("backend", "ffi"),
            "hub", Set.of("backend", "media", "generate"),
            "models", Set.of("backend", "ffi"));

    /** The packages that see a library, by the prefix of its class names; libraries not named are seen by none. */
    private static final Map<String, Set<String>> SEEN_BY = Map.of(
            "jdk.incubator.vector.", Set.of("backend.cpu", "media.transforms"),
            "java.lang.foreign.Linker", Set.of("ffi", "backend"),
            "java.lang.foreign.SymbolLookup", Set.of("ffi", "backend"),
            "tools.jackson.", Set.of("io"),
            "java.awt.", Set.of("media"),
            "javax.imageio.", Set.of("media"),
            "com.twelvemonkeys.", Set.of("media"));

    private static final Set<String> SEEN_BY_ALL = Set.of("java.", "javax.crypto.", "javax.net.", "org.jspecify.");

    @Test
    void importsGoDownAndLibrariesStayInTheirPackages() {
        JavaClasses core = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(ROOT);
        assertThat(core).hasSizeGreaterThan(10);
        assertThat(violations(core)).isEmpty();
    }

    @Test
    void findsWhatCompiledClassesUse() {
        // Judged as if it stood in the lowest layer but one.
        JavaClass offender = new ClassFileImporter().importClass(Offender.class);
        assertThat(uses(offender, ROOT + ".tensor"))
                .containsExactlyInAnyOrder(
                        "dev.fovea.tensor must not use dev.fovea.io.Json",
                        "dev.fovea.tensor must not use java.awt.Point",
                        "dev.fovea.tensor must not use java.lang.foreign.Linker",
                        "dev.fovea.tensor must not use tools.jackson.core.JsonToken");
    }

    @ParameterizedTest
    @CsvSource({
        "tensor, dev.fovea.io.Json", // up
        "io, dev.fovea.nn.Linear",
        "backend.cpu, dev.fovea.models.gemma3.Gemma3",
        "tensor, dev.fovea.media.Chunk", // sideways
        "ffi, dev.fovea.media.Chunk",
        "backend.cpu, dev.fovea.backend.cuda.CudaBackend",
        "backend.cpu.rows, dev.fovea.backend.cpu.products.Gemm",
        "backend.cpu.codes, dev.fovea.backend.cpu.attention.Attention",
        "backend.cpu.products, dev.fovea.backend.cpu.CpuBackend",
        "backend.cuda.device, dev.fovea.backend.cuda.ptx.PtxDevice",
        "backend.cuda.ptx, dev.fovea.backend.cuda.CudaBackend",
        "models.gemma3, dev.fovea.models.florence2.DaViT",
        "models.opt, dev.fovea.models.blip2.Blip2Model",
        "models, dev.fovea.models.gemma3.Gemma3",
        "error, dev.fovea.tensor.Tensor",
        "models.gemma3, dev.fovea.backend.cpu.CpuBackend", // down, but hidden
        "nn, dev.fovea.ffi.NativeLibrary",
        "tensor, dev.fovea.Pipeline",
        "utils, dev.fovea.tensor.Tensor", // unknown
        "io, dev.fovea.utils.Strings",
        "text, tools.jackson.core.JsonParser",
        "backend.cuda, jdk.incubator.vector.FloatVector",
        "io, java.lang.foreign.Linker$Option",
        "models.gemma3, java.awt.image.BufferedImage",
        "io, ai.djl.huggingface.tokenizers.Encoding",
        "io, com.google.gson.Gson"
    })
    void refuses(String from, String target) {
        assertThat(violation(ROOT + "." + from, target)).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "tensor, dev.fovea.error.InputException",
        "media, dev.fovea.ffi.NativeLibrary",
        "io, dev.fovea.tensor.Tensor",
        "io, dev.fovea.io.Json",
        "models.gemma3, dev.fovea.models.Model",
        "models.gemma3, dev.fovea.models.gemma3.Config",
        "models.gemma3, dev.fovea.nn.Linear",
        "models.blip2, dev.fovea.models.opt.OptDecoder",
        "nn, java.lang.foreign.MemorySegment",
        "backend.cpu, dev.fovea.backend.cpu.products.Gemm",
        "backend.cuda.ptx, dev.fovea.backend.cuda.device.Device",
        "backend.cpu.codes, dev.fovea.backend.cpu.products.Gemm",
        "backend.cpu.rows, jdk.incubator.vector.FloatVector",
        "backend.cpu, java.lang.foreign.Linker",
        "io, tools.jackson.core.JsonParser"
    })
    void allows(String from, String target) {
        assertThat(violation(ROOT + "." + from, target)).isEmpty();
    }

    @Test
    void thePublicApiMayUseEveryPart() {
        assertThat(violation(ROOT, "dev.fovea.backend.cpu.CpuBackend")).isEmpty();
        assertThat(violation(ROOT, "dev.fovea.models.gemma3.Gemma3")).isEmpty();
    }

    private static List<String> violations(JavaClasses classes) {
        return classes.stream()
                .flatMap(c -> uses(c, c.getPackageName()).stream().map(v -> c.getName() + ": " + v))
                .sorted()
                .distinct()
                .toList();
    }

    /** What is wrong with the dependencies of a class that stands in a package. */
    private static List<String> uses(JavaClass origin, String inPackage) {
        return origin.getDirectDependenciesFromSelf().stream()
                .map(Dependency::getTargetClass)
                .map(JavaClass::getBaseComponentType)
                .filter(target -> !target.isPrimitive())
                .flatMap(target -> violation(inPackage, target.getName()).stream())
                .distinct()
                .toList();
    }

    private static Optional<String> violation(String fromPackage, String target) {
        boolean ok = target.startsWith(ROOT + ".")
                ? mayUsePart(inside(fromPackage), inside(target.substring(0, target.lastIndexOf('.'))))
                : maySeeLibrary(inside(fromPackage), target);
        return ok ? Optional.empty() : Optional.of(fromPackage + " must not use " + target);
    }

    private static boolean mayUsePart(String from, String to) {
        if (from.equals(to)) {
            return true;
        }
        String fromPart = part(from);
        String toPart = part(to);
        for (List<Set<String>> rooms : ROOMS) {
            if (layer(rooms, from) >= 0 && layer(rooms, to) >= 0) {
                return layer(rooms, to) < layer(rooms, from);
            }
        }
        if (fromPart.equals(toPart)) {
            // A model may use what all models share and its decoder, not another model, and nothing shared may use a
            // model.
            return PARTS_OF.getOrDefault(from, Set.of()).contains(to)
                    || from.startsWith(to + ".")
                    || (to.startsWith(from + ".") && !fromPart.equals("models"));
        }
        if (HIDDEN.getOrDefault(fromPart, Set.of()).contains(toPart)) {
            return false;
        }
        int fromLayer = layer(LAYERS, fromPart);
        int toLayer = layer(LAYERS, toPart);
        boolean beside = BESIDE.getOrDefault(fromPart, Set.of()).contains(toPart);
        return fromLayer >= 0 && toLayer >= 0 && (toLayer < fromLayer || beside);
    }

    private static boolean maySeeLibrary(String from, String target) {
        for (Map.Entry<String, Set<String>> library : SEEN_BY.entrySet()) {
            if (target.startsWith(library.getKey())) {
                return library.getValue().stream().anyMatch(p -> from.equals(p) || from.startsWith(p + "."));
            }
        }
        return SEEN_BY_ALL.stream().anyMatch(target::startsWith);
    }

    /** A package relative to the root. */
    private static String inside(String packageName) {
        return packageName.equals(ROOT) ? "" : packageName.substring(ROOT.length() + 1);
    }

    private static String part(String inside) {
        return inside.contains(".") ? inside.substring(0, inside.indexOf('.')) : inside;
    }

    private static int layer(List<Set<String>> layers, String part) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).contains(part)) {
                return i;
            }
        }
        return -1;
    }

    /** Uses things in the ways that a class can: in a signature, in a body, as an array, as a constant. */
    @SuppressWarnings("unused") // its byte code is read
    private static final class Offender {
        private Point[] points = {};

        Object linker() {
            points = new Point[1];
            return Linker.nativeLinker();
        }

        Object json(JsonToken token) {
            return Json.write(token.name() + points.length);
        }
    }
}
