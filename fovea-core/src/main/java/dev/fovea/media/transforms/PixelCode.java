package dev.fovea.media.transforms;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.x86.Cpuid;
import java.util.stream.Stream;
import jdk.incubator.vector.VectorShape;

/** Whether machine code weighs pixels here: an x86-64 processor with AVX2 and a system that lets programs write code. */
final class PixelCode {
    private static final boolean PRESENT = find();

    private PixelCode() {}

    static boolean isPresent() {
        return PRESENT;
    }

    private static boolean find() {
        try {
            return VectorShape.preferredShape().vectorBitSize() >= 256
                    && Stream.of(Cpuid.AVX2, Cpuid.FMA).allMatch(Cpuid::isPresent);
        } catch (NativeException _) {
            return false;
        }
    }
}
