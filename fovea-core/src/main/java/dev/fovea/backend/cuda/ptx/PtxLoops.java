package dev.fovea.backend.cuda.ptx;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** Classes of {@link PtxLoop}, one for each function. */
final class PtxLoops {
    private static final MethodType CONSTRUCTOR =
            MethodType.methodType(void.class, String.class, int.class, int[].class);

    /** What makes an instruction, by the name of its function. */
    private static final Map<String, MethodHandle> MAKERS = new ConcurrentHashMap<>();

    private PtxLoops() {}

    /**
     * An instruction.
     *
     * @param name of the function: the same name always means the same function
     */
    static PtxOp of(String text, String name, PtxFunction function, int target, int... sources) {
        MethodHandle maker = MAKERS.computeIfAbsent(name, n -> maker(function));
        try {
            return (PtxOp) maker.invoke(text, target, sources);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle maker(PtxFunction function) {
        String template = switch (function) {
            case PtxFunction.One f -> "PtxLoop$One";
            case PtxFunction.Two f -> "PtxLoop$Two";
            case PtxFunction.Three f -> "PtxLoop$Three";
            case PtxFunction.Four f -> "PtxLoop$Four";
        };
        try (InputStream in = Objects.requireNonNull(PtxLoops.class.getResourceAsStream(template + ".class"))) {
            MethodHandles.Lookup made =
                    MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), function, false);
            return made.findConstructor(made.lookupClass(), CONSTRUCTOR);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The function that a class was made for. */
    static <F extends PtxFunction> F function(MethodHandles.Lookup made, Class<F> type) {
        try {
            return Objects.requireNonNull(MethodHandles.classData(made, ConstantDescs.DEFAULT_NAME, type));
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
