package dev.fovea.backend.cuda.device;

import dev.fovea.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A function of a module.
 *
 * @param module its source, compiled with some macros
 * @param entry its name there
 * @param threads of a block: the kernel is written for just so many
 * @param sharedBytes of shared memory that a block takes beside what the source declares
 */
public record Kernel(Module module, String entry, int threads, int sharedBytes) {

    /** A kernel without further shared memory. */
    public Kernel(Module module, String entry, int threads) {
        this(module, entry, threads, 0);
    }

    /**
     * A source file of this package's resources, compiled with some macros defined. Compiled apart from others, so that a model
     * waits for the kernels that it uses only.
     *
     * @param source name of the file without {@code .cu}
     * @param macros {@code X=bf16}: definitions that come before the prelude and the source
     */
    public record Module(String source, List<String> macros) {
        public Module {
            macros = List.copyOf(macros);
        }

        private static final Map<Asked, Module> KNOWN = new ConcurrentHashMap<>();

        /** What is asked for at every launch, so that a module is made once. */
        private record Asked(
                String source, DType x, @Nullable DType w, String macro, int value) {
            Module module() {
                Module known = KNOWN.get(this);
                return known != null ? known : KNOWN.computeIfAbsent(this, Asked::make);
            }

            private Module make() {
                List<String> macros = new ArrayList<>(List.of("X=" + type(x)));
                if (w != null) {
                    macros.add("W=" + type(w));
                }
                if (!macro.isEmpty()) {
                    macros.add(macro + "=" + value);
                }
                return new Module(source, macros);
            }
        }

        /** Kernels for activations of a dtype. */
        public static Module of(String source, DType x) {
            return new Asked(source, x, null, "", 0).module();
        }

        /** Kernels for activations of a dtype, with a number defined. */
        public static Module of(String source, DType x, String macro, int value) {
            return new Asked(source, x, null, macro, value).module();
        }

        /** Kernels for activations and weights of some dtypes. */
        public static Module of(String source, DType x, DType w) {
            return new Asked(source, x, w, "", 0).module();
        }

        /** Kernels for activations and weights of some dtypes, with a number defined. */
        public static Module of(String source, DType x, DType w, String macro, int value) {
            return new Asked(source, x, w, macro, value).module();
        }

        /** Whether it is of a source, all of whose types are one. */
        public boolean isOfOne(String name, String type) {
            return source.equals(name) && macros.contains("X=" + type) && macros.contains("W=" + type);
        }

        /** What a macro stands for. */
        public String macro(String name) {
            return macros.stream()
                    .filter(macro -> macro.startsWith(name + "="))
                    .map(macro -> macro.substring(name.length() + 1))
                    .findFirst()
                    .orElseThrow();
        }

        /** One word: {@code linear-X=bf16-W=bf16}. */
        public String id() {
            return macros.isEmpty() ? source : source + "-" + String.join("-", macros);
        }

        /** The name that the prelude has for a dtype. */
        public static String type(DType dtype) {
            return switch (dtype) {
                case FLOAT32 -> "f32";
                case BFLOAT16 -> "bf16";
                case FLOAT16 -> "f16";
                case UINT8 -> "u8";
                default -> throw new IllegalArgumentException("no kernels for " + dtype.torchName());
            };
        }
    }
}
