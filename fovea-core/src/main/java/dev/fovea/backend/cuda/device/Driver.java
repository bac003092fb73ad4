package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.error.MemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * The functions of the CUDA driver (cuda.h) that ask about the machine, its devices and their memory. Handles and addresses are
 * {@code long}. All throw {@link CudaException}. But for {@link #init} and what asks about devices, they act on the context that
 * is current on the calling thread.
 */
final class Driver {
    /** CUdevice_attribute. */
    static final int MULTIPROCESSORS = 16;

    static final int CAPABILITY_MAJOR = 75;
    static final int CAPABILITY_MINOR = 76;
    static final int READ_ONLY_REGISTER = 113;

    private static final int REGISTER_READ_ONLY = 8;

    private static final MethodHandle INIT = function("cuInit", JAVA_INT);
    private static final MethodHandle VERSION = function("cuDriverGetVersion", JAVA_LONG);
    private static final MethodHandle ERROR_NAME = function("cuGetErrorName", JAVA_INT, JAVA_LONG);
    private static final MethodHandle ERROR_TEXT = function("cuGetErrorString", JAVA_INT, JAVA_LONG);
    private static final MethodHandle COUNT = function("cuDeviceGetCount", JAVA_LONG);
    private static final MethodHandle DEVICE = function("cuDeviceGet", JAVA_LONG, JAVA_INT);
    private static final MethodHandle NAME = function("cuDeviceGetName", JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle TOTAL = function("cuDeviceTotalMem_v2", JAVA_LONG, JAVA_INT);
    private static final MethodHandle ATTRIBUTE = function("cuDeviceGetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle RETAIN = function("cuDevicePrimaryCtxRetain", JAVA_LONG, JAVA_INT);
    private static final MethodHandle RELEASE = function("cuDevicePrimaryCtxRelease_v2", JAVA_INT);
    private static final MethodHandle SET_CURRENT = function("cuCtxSetCurrent", JAVA_LONG);
    private static final MethodHandle INFO = function("cuMemGetInfo_v2", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ALLOCATE = function("cuMemAlloc_v2", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle FREE = function("cuMemFree_v2", JAVA_LONG);
    private static final MethodHandle HOST_ALLOCATE = function("cuMemHostAlloc", JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle HOST_FREE = function("cuMemFreeHost", JAVA_LONG);
    private static final MethodHandle REGISTER = function("cuMemHostRegister_v2", JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle UNREGISTER = function("cuMemHostUnregister", JAVA_LONG);

    private Driver() {}

    static MethodHandle function(String name, MemoryLayout... arguments) {
        return Libraries.driver().link(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    static void check(String function, Call call) {
        check(() -> function, call);
    }

    /** @param function what was called, put together where it failed only: launches are many */
    static void check(Supplier<String> function, Call call) {
        int status = Call.of(call);
        if (status != 0) {
            throw CudaException.of(function.get(), status, word(ERROR_NAME, status), word(ERROR_TEXT, status));
        }
    }

    /** What the driver says of a status; a number where it has no word for it. */
    private static String word(MethodHandle function, int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(ADDRESS);
            int known = Call.of(() -> (int) function.invokeExact(status, text.address()));
            MemorySegment found = text.get(ADDRESS, 0);
            return known != 0 || found.address() == 0
                    ? "CUresult " + status
                    : found.reinterpret(Long.MAX_VALUE).getString(0);
        }
    }

    /** A call that writes a long to an address. */
    interface Asking {
        int status(long to) throws Throwable;
    }

    static long ask(String function, Asking asking) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocate(JAVA_LONG);
            check(function, () -> asking.status(to.address()));
            return to.get(JAVA_LONG, 0);
        }
    }

    static void init() {
        check("cuInit", () -> (int) INIT.invokeExact(0));
    }

    /** Of CUDA, the newest that this driver knows: 12040 is 12.4. */
    static int version() {
        return (int) ask("cuDriverGetVersion", to -> (int) VERSION.invokeExact(to));
    }

    static int deviceCount() {
        return (int) ask("cuDeviceGetCount", to -> (int) COUNT.invokeExact(to));
    }

    static int device(int ordinal) {
        return (int) ask("cuDeviceGet", to -> (int) DEVICE.invokeExact(to, ordinal));
    }

    static String name(int device) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(256);
            check("cuDeviceGetName", () -> (int) NAME.invokeExact(name.address(), (int) name.byteSize(), device));
            return name.getString(0);
        }
    }

    static long totalBytes(int device) {
        return ask("cuDeviceTotalMem", to -> (int) TOTAL.invokeExact(to, device));
    }

    static int attribute(int attribute, int device) {
        return (int) ask("cuDeviceGetAttribute", to -> (int) ATTRIBUTE.invokeExact(to, attribute, device));
    }

    /** The context of a device that all of a process share. */
    static long retainContext(int device) {
        return ask("cuDevicePrimaryCtxRetain", to -> (int) RETAIN.invokeExact(to, device));
    }

    static void releaseContext(int device) {
        check("cuDevicePrimaryCtxRelease", () -> (int) RELEASE.invokeExact(device));
    }

    static void makeCurrent(long context) {
        check("cuCtxSetCurrent", () -> (int) SET_CURRENT.invokeExact(context));
    }

    static long freeBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(JAVA_LONG);
            MemorySegment total = arena.allocate(JAVA_LONG);
            check("cuMemGetInfo", () -> (int) INFO.invokeExact(free.address(), total.address()));
            return free.get(JAVA_LONG, 0);
        }
    }

    static long allocate(long bytes) {
        return ask("cuMemAlloc", to -> (int) ALLOCATE.invokeExact(to, bytes));
    }

    static void free(long address) {
        check("cuMemFree", () -> (int) FREE.invokeExact(address));
    }

    /** Memory of the host that stays where it is, so that a device copies by itself. */
    static MemorySegment allocatePinned(long bytes) {
        try {
            long address = ask("cuMemHostAlloc", to -> (int) HOST_ALLOCATE.invokeExact(to, bytes, 0));
            return MemorySegment.ofAddress(address).reinterpret(bytes);
        } catch (CudaException e) {
            if (!e.isOutOfMemory()) {
                throw e;
            }
            throw new MemoryException(
                    "cannot pin " + (bytes >> 20) + " MB of the host's memory, through which bytes go to the GPU",
                    "close other programs, or give the container more memory",
                    e);
        }
    }

    static void freePinned(MemorySegment memory) {
        check("cuMemFreeHost", () -> (int) HOST_FREE.invokeExact(memory.address()));
    }

    /** Pins what is mapped read-only; false where the system or the driver will not. */
    static boolean registerReadOnly(long address, long bytes) {
        return Call.of(() -> (int) REGISTER.invokeExact(address, bytes, REGISTER_READ_ONLY)) == 0;
    }

    static void unregister(long address) {
        check("cuMemHostUnregister", () -> (int) UNREGISTER.invokeExact(address));
    }
}
