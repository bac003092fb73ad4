package dev.fovea.ffi.x86;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeLibrary;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Memory straight from the system, in whole pages, which are zeros when they are first touched: by whichever thread does, not all of
 * them by the one that asks. Linux on x86-64 alone.
 */
public final class Pages {
    private static final NativeLibrary C = NativeLibrary.platform().equals("linux-x86_64")
            ? NativeLibrary.ofSystem("the C library", List.of("libc.so.6"))
            : NativeLibrary.absent("machine code", "Fovea writes it for Linux on x86-64 alone");

    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int PROT_EXEC = 4;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;
    private static final long PAGE = 4096;

    /** Linked when first used, where there is the library. */
    private static final class Calls {
        private static final MethodHandle MAP = C.link("mmap", MachineCode.WORDS);
        private static final MethodHandle UNMAP = C.link("munmap", MachineCode.WORDS);
    }

    private Pages() {}

    /** Whether this is such a system. */
    public static boolean isPresent() {
        return C.isPresent();
    }

    /** Why there are none; for people. */
    static String where() {
        return C.where();
    }

    /** So many bytes in whole pages. */
    static long whole(long bytes) {
        return (bytes + PAGE - 1) / PAGE * PAGE;
    }

    /**
     * Pages to read and write.
     *
     * @param bytes in whole pages once they are rounded up
     * @throws NativeException where the system has none for them
     */
    public static long map(long bytes) {
        long at = MachineCode.call(Calls.MAP, 0, whole(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        if (at == -1) {
            throw new NativeException("mmap gave no " + bytes + " bytes of memory");
        }
        return at;
    }

    /** Gives back what {@link #map} gave. */
    public static void unmap(long at, long bytes) {
        MachineCode.call(Calls.UNMAP, at, whole(bytes), 0, 0, 0, 0);
    }

    /** Lets the system take pages of 2 MB for them, where it has any: one fault instead of 512. */
    public static void wantLarge(long at, long bytes) {
        MachineCode.call(C.link("madvise", MachineCode.WORDS), at, whole(bytes), MADV_HUGEPAGE, 0, 0, 0);
    }

    /** Whether the system lets them be executed, and written no more. */
    static boolean makeExecutable(long at, long bytes) {
        MethodHandle protect = C.link("mprotect", MachineCode.WORDS);
        return (int) MachineCode.call(protect, at, whole(bytes), PROT_READ | PROT_EXEC, 0, 0, 0) == 0;
    }
}
