package dev.fovea;

import dev.fovea.backend.cpu.CpuBackend;
import dev.fovea.backend.cuda.CudaBackend;
import dev.fovea.backend.cuda.device.Cuda;
import dev.fovea.backend.cuda.device.Gpu;
import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.backend.split.LayerPlan;
import dev.fovea.backend.split.SplitBackend;
import dev.fovea.error.FoveaException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.ffi.Cleanup;
import dev.fovea.tensor.Backend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The devices that options name, and their backends. */
final class Backends {
    private static final List<String> NAMES =
            List.of("auto", "cpu", "cpu:java", "cuda", "cuda:N", "cuda:ptx", "reference");
    private static final String CUDA = "cuda:";
    private static final Pattern NUMBERED = Pattern.compile(CUDA + "[0-9]{1,3}");

    private Backends() {}

    /** @throws OptionException for a name that no device has, and for a list that names one twice */
    static void check(String device) {
        List<String> names = names(device);
        names.forEach(Backends::checkOne);
        if (names.size() > 1 && names.contains("auto")) {
            throw new OptionException("device is \"" + device + "\"; auto stands alone, since it splits by itself");
        }
        if (Set.copyOf(names).size() < names.size()) {
            throw new OptionException("device is \"" + device + "\"; expected each device once");
        }
    }

    private static void checkOne(String device) {
        if (!NAMES.contains(device) && !NUMBERED.matcher(device).matches() || device.equals("cuda:N")) {
            throw new OptionException(
                    "device is \"" + device + "\"; this build knows " + String.join(", ", NAMES),
                    "several that share a model are separated by commas");
        }
    }

    private static List<String> names(String device) {
        return Stream.of(device.split(",", -1))
                .map(name -> name.equals("cuda") && device.contains(",") ? CUDA + 0 : name)
                .map(name -> NUMBERED.matcher(name).matches() ? CUDA + ordinal(name) : name)
                .toList();
    }

    private static int ordinal(String device) {
        return Integer.parseInt(device.substring(CUDA.length()));
    }

    static Backend of(LoadOptions options) {
        return of(options, Map::of);
    }

    /**
     * A backend for a model.
     *
     * @param weights bytes of each by name, in the model's order; asked for where they do not stay in the host's memory
     * @throws MemoryException where the devices have less
     */
    static Backend of(LoadOptions options, Supplier<Map<String, Long>> weights) {
        return choose(options, () -> Rooms.onCard(weights.get()));
    }

    private static Backend choose(LoadOptions options, Supplier<Map<String, Long>> weights) {
        List<String> names = names(options.device());
        if (names.size() > 1) {
            return split(names, options, weights.get());
        }
        if (names.getFirst().equals("auto")) {
            return auto(options, weights);
        }
        return alone(open(names.getFirst(), options), weights);
    }

    private static Backend open(String device, LoadOptions options) {
        return switch (device) {
            case "cpu" -> cpu(options, CpuBackend.GemmChoice.ofProperty());
            case "cpu:java" -> cpu(options, CpuBackend.GemmChoice.JAVA);
            case "reference" -> new ReferenceBackend();
            case "cuda:ptx" -> CudaBackend.interpreted();
            case "cuda" -> new CudaBackend(Cuda.open(0, options.warnings()));
            default -> new CudaBackend(Cuda.open(ordinal(device), options.warnings()));
        };
    }

    private static Backend alone(Backend backend, Supplier<Map<String, Long>> weights) {
        try {
            if (backend instanceof CudaBackend cuda && !cuda.isInterpreted()) {
                requireRoom(weights.get(), cuda);
            }
            return backend;
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, backend::close);
            throw e;
        }
    }

    /** transformers' {@code device_map}: each device takes some layers. */
    private static Backend split(List<String> devices, LoadOptions options, Map<String, Long> weights) {
        List<Backend> homes = new ArrayList<>();
        try {
            devices.forEach(device -> homes.add(open(device, options)));
            return split(homes, weights);
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Cleanup.each(homes, Backend::close));
            throw e;
        }
    }

    private static Backend split(List<Backend> homes, Map<String, Long> weights) {
        LayerPlan plan = LayerPlan.of(
                weights, homes.stream().mapToLong(Backends::freeBytes).toArray());
        return new SplitBackend(homes, weight -> homes.get(plan.home(weight)));
    }

    private static long freeBytes(Backend backend) {
        return backend instanceof CudaBackend cuda && !cuda.isInterpreted() ? cuda.freeBytes() : LayerPlan.UNBOUNDED;
    }

    private static Backend cpu(LoadOptions options, CpuBackend.GemmChoice gemm) {
        int threads = options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
        return CpuBackend.create(new CpuBackend.Options(threads, gemm));
    }

    private static void requireRoom(Map<String, Long> weights, CudaBackend device) {
        long needed = weights.values().stream().mapToLong(bytes -> bytes).sum();
        requireRoom(needed, device.freeBytes(), device.describe());
    }

    /** @throws MemoryException with the numbers */
    static void requireRoom(long needed, long free, String device) {
        if (needed > free) {
            throw new MemoryException(
                    String.format(Locale.ROOT, "the weights take %.2f GB; %s", needed / 1e9, device),
                    "--device cuda:0,cuda:1 or cuda:0,cpu splits a model; --device cpu needs no GPU's memory; --dtype bfloat16 halves what is"
                            + " float32; --quantize int4 keeps most of them in 4 bits");
        }
    }

    /** The first GPU that has room, all of them where none has, else the CPU; what looks usable and is not is worth a word. */
    private static Backend auto(LoadOptions options, Supplier<Map<String, Long>> weights) {
        Map<String, CudaBackend> full = new LinkedHashMap<>(); // open, and not enough alone
        try {
            Backend chosen = auto(options, weights, full);
            full.values().stream().filter(gpu -> !chosen.homes().contains(gpu)).forEach(gpu -> giveBack(gpu, options));
            return chosen;
        } catch (RuntimeException | Error e) {
            Cleanup.after(e, () -> Cleanup.each(full.values(), Backend::close));
            throw e;
        }
    }

    /** A GPU that is not taken: what its close does wrong keeps nobody from computing elsewhere. */
    private static void giveBack(Backend gpu, LoadOptions options) {
        try {
            gpu.close();
        } catch (NativeException e) {
            options.warnings().warn(e.problem());
        }
    }

    private static Backend auto(
            LoadOptions options, Supplier<Map<String, Long>> weights, Map<String, CudaBackend> full) {
        List<FoveaException> failures =
                new ArrayList<>(Cuda.unusableGpu().stream().toList());
        List<FoveaException> problems = new ArrayList<>(failures); // these, and where room is short
        for (Gpu gpu : Cuda.usable()) {
            String device = CUDA + gpu.ordinal();
            try {
                CudaBackend backend = new CudaBackend(Cuda.open(gpu.ordinal(), options.warnings()));
                full.put(device, backend);
                requireRoom(weights.get(), backend);
                return told(problems, device + " computes", options, backend);
            } catch (MemoryException e) {
                problems.add(e);
            } catch (NativeException e) {
                problems.add(e);
                failures.add(e);
                Optional.ofNullable(full.remove(device)).ifPresent(opened -> giveBack(opened, options));
            }
        }
        if (full.size() > 1) {
            try {
                Backend all = split(List.copyOf(full.values()), weights.get());
                return told(failures, String.join(", ", full.keySet()) + " compute", options, all);
            } catch (NativeException | MemoryException e) {
                problems.add(e);
            }
        }
        for (FoveaException problem : problems) {
            String help = problem.hint().isEmpty() ? "" : "; " + problem.hint();
            options.warnings().warn(problem.problem() + "; the CPU computes instead" + help);
        }
        return cpu(options, CpuBackend.GemmChoice.ofProperty());
    }

    private static Backend told(List<FoveaException> problems, String chosen, LoadOptions options, Backend gpu) {
        problems.forEach(problem -> options.warnings().warn(problem.problem() + "; " + chosen + " instead"));
        return gpu;
    }
}
