package dev.fovea.ffi.x86;

import dev.fovea.error.NativeException;
import dev.fovea.ffi.NativeFunction;
import dev.fovea.ffi.NativeLibrary;
import java.util.List;

/** Memory straight from the system, in whole pages filled with zeros, and what it is told of pages. Linux on x86-64 alone. */
public final class Pages {
    private static final NativeLibrary C = NativeLibrary.platform().equals("linux-x86_64")
            ? NativeLibrary.ofSystem("the C library", List.of("libc.so.6"))
            : NativeLibrary.absent("machine code", "Fovea writes it for Linux on x86-64 alone");

    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int PROT_EXEC = 4;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_POPULATE_WRITE = 23;
    private static final long PAGE = 4096;

    /** Found when first used, where there is the library. */
    private static final class Calls {
        private static final NativeFunction MAP = C.function("mmap");
        private static final NativeFunction UNMAP = C.function("munmap");
        private static final NativeFunction ADVISE = C.function("madvise");
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
        long at = Calls.MAP.call(0, whole(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        if (at == -1) {
            throw new NativeException("mmap gave no " + bytes + " bytes of memory");
        }
        return at;
    }

    /** Gives back what {@link #map} gave. */
    public static void unmap(long at, long bytes) {
        Calls.UNMAP.call(at, whole(bytes), 0, 0, 0, 0);
    }

    /**
     * Has the system give all of them now, so that others see what is left. It fills them with zeros meanwhile.
     *
     * @return false where it does not: before Linux 5.14, or with too little memory
     */
    public static boolean commit(long at, long bytes) {
        return (int) Calls.ADVISE.call(at, whole(bytes), MADV_POPULATE_WRITE, 0, 0, 0) == 0;
    }

    /**
     * Has the system take pages of 2 MB where it can from now on. Of a mapped file, those that are not in memory yet come from the disk
     * 2 MB at a time then, and are mapped by one fault; file systems with large folios do so, ext4 since Linux 6.16.
     *
     * @param at anywhere in its page
     */
    public static void enlarge(long at, long bytes) {
        long before = at % PAGE;
        Calls.ADVISE.call(at - before, whole(bytes + before), MADV_HUGEPAGE, 0, 0, 0);
    }

    /** Whether the system lets them be executed, and written no more. */
    static boolean makeExecutable(long at, long bytes) {
        NativeFunction protect = C.function("mprotect");
        return (int) protect.call(at, whole(bytes), PROT_READ | PROT_EXEC, 0, 0, 0) == 0;
    }
}
