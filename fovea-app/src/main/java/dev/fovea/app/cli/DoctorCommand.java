package dev.fovea.app.cli;

import dev.fovea.Engine;
import dev.fovea.Machine;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.DType;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What this machine offers. */
@Command(
        name = "doctor",
        description =
                "Shows what this machine offers: JDK, processor, memory, GPUs, native libraries; measures its speed.",
        sortOptions = false,
        footer = {"", "Example:", "  fovea doctor --format json"})
final class DoctorCommand implements Callable<Integer> {
    private static final Duration MEASURING = Duration.ofMillis(300);

    /** What kernels and libraries look for, as Linux spells it on x86 and on ARM. */
    private static final Set<String> FEATURES = Set.of("""
            avx avx2 fma f16c avx_vnni avx512f avx512bw avx512vl avx512_vnni avx512_bf16 avx512_fp16 amx_tile
            amx_bf16 amx_int8 asimd asimdhp asimddp bf16 i8mm sve sve2""".split("\\s+"));

    @Mixin
    EngineOptions engine = new EngineOptions();

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    DoctorCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Report report = new Report();
        java(report);
        processor(report);
        memory(report);
        int status = computing(report);
        report.print(console, output);
        return status;
    }

    /** What computes; or why the device asked for cannot be used, which the rest of the report may explain. */
    private int computing(Report report) {
        Engine opened;
        try {
            opened = Engine.open(engine.loadOptions(Warnings.to(console::note)));
        } catch (NativeException | MemoryException e) {
            report.line("backend", "none: " + e.getMessage());
            report.data("backend", null).data("no_backend", e.getMessage());
            gpus(report);
            return ExitStatus.of(e);
        }
        try (opened;
                StatusLine status = new StatusLine(console, output.quiet)) {
            report.add("backend", opened.describe(), "backend", opened.describe());
            kernels(opened, report);
            gpus(report);
            status.show("Measuring");
            speed(opened, report);
        }
        return ExitStatus.DONE;
    }

    private static void java(Report report) {
        String jdk = System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version") + ", "
                + System.getProperty("java.vendor");
        report.add("JDK", jdk, "jdk", jdk);
        report.add("  home", System.getProperty("java.home"), "java_home", System.getProperty("java.home"));
        String os = System.getProperty("os.name") + " " + System.getProperty("os.version") + " on "
                + System.getProperty("os.arch");
        report.add("system", os, "system", os);
    }

    private static void processor(Report report) {
        int processors = Runtime.getRuntime().availableProcessors();
        Proc.value("cpuinfo", "model name").ifPresent(name -> report.add("processor", name, "processor", name));
        report.add("processors", Integer.toString(processors), "processors", processors);
        Proc.value("cpuinfo", "flags")
                .or(() -> Proc.value("cpuinfo", "Features"))
                .ifPresent(all -> {
                    List<String> known = Arrays.stream(all.split(" "))
                            .filter(FEATURES::contains)
                            .toList();
                    report.add("features", String.join(" ", known), "features", known);
                });
    }

    private static void memory(Report report) {
        Proc.bytes("meminfo", "MemTotal").ifPresent(b -> report.add("memory", Report.bytes(b), "memory_bytes", b));
        Proc.bytes("meminfo", "MemAvailable")
                .ifPresent(b -> report.add("  available", Report.bytes(b), "available_bytes", b));
        long heap = Runtime.getRuntime().maxMemory();
        report.add("  Java heap", "at most " + Report.bytes(heap), "max_heap_bytes", heap);
    }

    private static void kernels(Engine opened, Report report) {
        Engine.Kernels kernels = opened.kernels();
        report.add("kind of machine", kernels.kind(), "kind", kernels.kind());
        Map<String, Object> json = new LinkedHashMap<>();
        for (Engine.Choice choice : kernels.choices()) {
            report.line("  " + choice.work(), choice.kernel());
            json.put(choice.work(), choice.kernel());
        }
        report.data("kernels", json);
    }

    private static void gpus(Report report) {
        List<Machine.Gpu> gpus = Machine.gpus();
        Optional<Machine.NoGpu> none = Machine.noGpu();
        none.ifPresent(why -> report.line("GPUs", "none: " + why.reason()).line("  what helps", why.remedy()));
        gpus.forEach(gpu -> report.line("GPU " + gpu.device(), describe(gpu)));
        report.data("gpus", gpus.stream().map(DoctorCommand::json).toList());
        report.data("no_gpu", none.map(Machine.NoGpu::reason).orElse(null));
        Map<String, Object> libraries = new LinkedHashMap<>();
        for (Machine.GpuLibrary library : Machine.gpuLibraries()) {
            boolean helps = none.isEmpty() && !library.remedy().isEmpty();
            if (!none.map(Machine.NoGpu::reason).orElse("").endsWith(library.found())) { // then it is said
                report.line("  " + library.name(), library.found() + (helps ? "; " + library.remedy() : ""));
            }
            libraries.put(library.name(), Map.of("present", library.isPresent(), "found", library.found()));
        }
        report.data("gpu_libraries", libraries);
    }

    private static String describe(Machine.Gpu gpu) {
        return gpu.name() + ", compute capability " + gpu.computeCapability() + ", " + gpu.multiprocessors()
                + " multiprocessors, " + Report.bytes(gpu.memoryBytes()) + (gpu.isUsable() ? "" : "; 8.0 is needed");
    }

    private static Map<String, Object> json(Machine.Gpu gpu) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("device", gpu.device());
        json.put("name", gpu.name());
        json.put("compute_capability", gpu.computeCapability());
        json.put("multiprocessors", gpu.multiprocessors());
        json.put("memory_bytes", gpu.memoryBytes());
        json.put("usable", gpu.isUsable());
        return json;
    }

    private static void speed(Engine opened, Report report) {
        double read = opened.readBytesPerSecond(MEASURING);
        report.add("memory bandwidth", Report.bytes((long) read) + "/s read", "read_bytes_per_second", read);
        for (DType dtype : List.of(DType.FLOAT32, DType.BFLOAT16)) {
            double flops = opened.matrixFlopsPerSecond(dtype, MEASURING);
            report.add(
                    "matrices in " + dtype.torchName(),
                    Report.decimals(flops / 1e9) + " GFLOP/s",
                    dtype.torchName() + "_flops_per_second",
                    flops);
        }
    }
}
