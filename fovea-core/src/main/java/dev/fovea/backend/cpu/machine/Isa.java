package dev.fovea.backend.cpu.machine;

import dev.fovea.error.NativeException;
import dev.fovea.error.OptionException;
import dev.fovea.ffi.NativeLibrary;
import dev.fovea.ffi.x86.Cpuid;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import jdk.incubator.vector.VectorShape;
import org.jspecify.annotations.Nullable;

/**
 * The kinds of x86-64 processors that kernels are written for, each with all that the ones before it have. The system property
 * {@code fovea.isa} names the most that may be used, so that each kind's kernels can be run and tested on a better processor.
 */
public enum Isa {
    AVX2(0x7, 256, "AVX2", Cpuid.AVX2, Cpuid.FMA, Cpuid.F16C),
    AVX512(0x27, 512, "AVX-512", Cpuid.AVX512F, Cpuid.AVX512BW, Cpuid.AVX512VL),
    AVX512_BF16(0xe7, 512, "AVX-512 with bfloat16", Cpuid.AVX512_VNNI, Cpuid.AVX512_BF16),
    AVX512_FP16(0x1ef, 512, "AVX-512 with bfloat16 and float16", Cpuid.AVX512_FP16),
    AMX(0xfef, 512, "AMX", Cpuid.AMX_TILE, Cpuid.AMX_BF16);

    private static final String PROPERTY = "fovea.isa";
    private static final @Nullable Isa LIMIT = ofProperty(System.getProperty(PROPERTY));

    /** The bits that stand for it in oneDNN's dnnl_cpu_isa_t. */
    public final int oneDnn;

    private final int vectorBits;
    private final String title;
    private final List<Cpuid> features; // those that the ones before it lack

    Isa(int oneDnn, int vectorBits, String title, Cpuid... features) {
        this.oneDnn = oneDnn;
        this.vectorBits = vectorBits;
        this.title = title;
        this.features = List.of(features);
    }

    /** The best that is present, found when first asked for. */
    private static final class Here {
        private static final @Nullable Isa BEST = find();

        private static @Nullable Isa find() {
            int bits = vectorShape().vectorBitSize();
            Isa best = null;
            try {
                for (Isa isa : values()) {
                    boolean allowed = LIMIT == null || isa.compareTo(LIMIT) <= 0;
                    if (!allowed || isa.vectorBits > bits || isa.missing().isPresent()) {
                        break;
                    }
                    best = isa;
                }
            } catch (NativeException _) {
                return null;
            }
            return best;
        }
    }

    /**
     * Whether the processor has the instructions, the JVM their vectors, and the property allows them. False where no machine code
     * runs. For AMX the system must be asked too, which oneDNN does.
     */
    public boolean isPresent() {
        return Here.BEST != null && compareTo(Here.BEST) <= 0;
    }

    /**
     * The first of the features of this kind, and of those before it, that the processor lacks.
     *
     * @throws NativeException where machine code does not run
     */
    public Optional<Cpuid> missing() {
        return Arrays.stream(values())
                .filter(isa -> isa.compareTo(this) <= 0)
                .flatMap(isa -> isa.features.stream())
                .filter(feature -> !feature.isPresent())
                .findFirst();
    }

    /** As people call it. */
    String title() {
        return title;
    }

    private static @Nullable Isa ofProperty(@Nullable String value) {
        if (value == null) {
            return null;
        }
        return Arrays.stream(values())
                .filter(isa -> isa.propertyValue().equals(value))
                .findFirst()
                .orElseThrow(() -> new OptionException(PROPERTY + " is \"" + value + "\"; expected one of "
                        + Arrays.stream(values()).map(Isa::propertyValue).collect(Collectors.joining(", "))));
    }

    private String propertyValue() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The most that may be used, where the property says so. */
    public static @Nullable Isa limit() {
        return LIMIT;
    }

    /** Vectors as wide as the JVM likes, or as wide as the limit has; {@code fovea.vectorBits} overrides both, for tests. */
    public static VectorShape vectorShape() {
        int preferred = VectorShape.preferredShape().vectorBitSize();
        int allowed = LIMIT == null ? preferred : Math.min(preferred, LIMIT.vectorBits);
        String chosen = System.getProperty("fovea.vectorBits");
        if (chosen == null) {
            return VectorShape.forBitSize(allowed);
        }
        return switch (chosen) {
            case "128", "256", "512" -> VectorShape.forBitSize(Integer.parseInt(chosen));
            default -> throw new OptionException("fovea.vectorBits is \"" + chosen + "\"; expected 128, 256 or 512");
        };
    }

    /**
     * Whether kernels ask for weights before they need them, since what a processor fetches of itself ends with each page. AMD's fetch
     * some streams as fast as memory gives them, and slower with the instruction.
     *
     * @throws NativeException where machine code does not run
     */
    public static boolean asksAhead() {
        return !Cpuid.isAmd();
    }

    /** Whether oneDNN's set of instructions has all of this kind's. */
    public boolean within(int oneDnnInstructions) {
        return (oneDnnInstructions & oneDnn) == oneDnn;
    }

    /**
     * What this machine is to the kernels, and how far the property lowers it; for people.
     *
     * @param has whether kernels use the instructions of a kind
     */
    public static String describe(Predicate<Isa> has) {
        String kind = Arrays.stream(values())
                .filter(has)
                .reduce((_, better) -> better)
                .map(Isa::title)
                .orElseGet(Isa::byVectors);
        return kind + (LIMIT == null ? "" : ", no more than " + LIMIT.title + " by " + PROPERTY);
    }

    /** In Java alone its vectors are all that counts. */
    private static String byVectors() {
        int bits = vectorShape().vectorBitSize();
        String vectors = bits + "-bit vectors";
        return NativeLibrary.platform().endsWith("x86_64")
                ? Arrays.stream(values())
                        .filter(isa -> isa.vectorBits == bits)
                        .findFirst()
                        .map(Isa::title)
                        .orElse(vectors)
                : vectors + " on " + NativeLibrary.platform();
    }
}
