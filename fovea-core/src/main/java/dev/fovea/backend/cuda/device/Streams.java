package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.fovea.ffi.Cleanup;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.stream.LongStream;

/** The functions of the CUDA driver about streams: order, events, copies, and graphs recorded from a stream. */
final class Streams {
    private static final int NON_BLOCKING = 1;
    private static final int DISABLE_TIMING = 2;

    /** Other threads may go on calling the driver meanwhile. */
    private static final int CAPTURE_RELAXED = 2;

    private static final MethodHandle CREATE = Driver.function("cuStreamCreate", JAVA_LONG, JAVA_INT);
    private static final MethodHandle DESTROY = Driver.function("cuStreamDestroy_v2", JAVA_LONG);
    private static final MethodHandle SYNCHRONIZE = Driver.function("cuStreamSynchronize", JAVA_LONG);
    private static final MethodHandle EVENT_CREATE = Driver.function("cuEventCreate", JAVA_LONG, JAVA_INT);
    private static final MethodHandle EVENT_RECORD = Driver.function("cuEventRecord", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle EVENT_SYNCHRONIZE = Driver.function("cuEventSynchronize", JAVA_LONG);
    private static final MethodHandle EVENT_DESTROY = Driver.function("cuEventDestroy_v2", JAVA_LONG);
    private static final MethodHandle UPLOAD =
            Driver.function("cuMemcpyHtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DOWNLOAD =
            Driver.function("cuMemcpyDtoHAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle COPY =
            Driver.function("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle BEGIN_CAPTURE = Driver.function("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
    private static final MethodHandle END_CAPTURE = Driver.function("cuStreamEndCapture", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle INSTANTIATE =
            Driver.function("cuGraphInstantiateWithFlags", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GRAPH_LAUNCH = Driver.function("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle GRAPH_DESTROY = Driver.function("cuGraphDestroy", JAVA_LONG);
    private static final MethodHandle EXEC_DESTROY = Driver.function("cuGraphExecDestroy", JAVA_LONG);

    private Streams() {}

    static long create() {
        return Driver.ask("cuStreamCreate", to -> (int) CREATE.invokeExact(to, NON_BLOCKING));
    }

    static void destroy(long stream) {
        Driver.check("cuStreamDestroy", () -> (int) DESTROY.invokeExact(stream));
    }

    /** Waits for all of a stream. */
    static void await(long stream) {
        Driver.check("cuStreamSynchronize", () -> status(stream));
    }

    /** Waits for all of a stream; its CUresult. */
    static int status(long stream) {
        return Call.of(() -> (int) SYNCHRONIZE.invokeExact(stream));
    }

    /** All of them, or none where one cannot be had. */
    static long[] createEvents(int count) {
        long[] events = new long[count];
        int made = 0;
        try {
            for (; made < count; made++) {
                events[made] = Driver.ask("cuEventCreate", to -> (int) EVENT_CREATE.invokeExact(to, DISABLE_TIMING));
            }
            return events;
        } catch (RuntimeException | Error e) {
            long[] there = Arrays.copyOf(events, made);
            Cleanup.after(e, () -> destroyEvents(there));
            throw e;
        }
    }

    static void record(long event, long stream) {
        Driver.check("cuEventRecord", () -> (int) EVENT_RECORD.invokeExact(event, stream));
    }

    /** Waits for what came before the event; returns at once where it was never recorded. */
    static void awaitEvent(long event) {
        Driver.check("cuEventSynchronize", () -> (int) EVENT_SYNCHRONIZE.invokeExact(event));
    }

    static void destroyEvents(long[] events) {
        Cleanup.each(
                LongStream.of(events).boxed().toList(),
                event -> Driver.check("cuEventDestroy", () -> (int) EVENT_DESTROY.invokeExact((long) event)));
    }

    /** Later; the host memory is pinned and stays as it is until then. */
    static void upload(MemorySegment from, long to, long stream) {
        Driver.check("cuMemcpyHtoDAsync", () -> (int) UPLOAD.invokeExact(to, from.address(), from.byteSize(), stream));
    }

    /** Later; the host memory is pinned. */
    static void download(long from, MemorySegment to, long stream) {
        Driver.check("cuMemcpyDtoHAsync", () -> (int) DOWNLOAD.invokeExact(to.address(), from, to.byteSize(), stream));
    }

    static void copy(long from, long to, long bytes, long stream) {
        Driver.check("cuMemcpyDtoDAsync", () -> (int) COPY.invokeExact(to, from, bytes, stream));
    }

    /** What the stream is given from now on is recorded and not done. */
    static void beginCapture(long stream) {
        Driver.check("cuStreamBeginCapture", () -> (int) BEGIN_CAPTURE.invokeExact(stream, CAPTURE_RELAXED));
    }

    /** The recorded graph. */
    static long endCapture(long stream) {
        return Driver.ask("cuStreamEndCapture", to -> (int) END_CAPTURE.invokeExact(stream, to));
    }

    /** A graph made ready to run. */
    static long instantiate(long graph) {
        return Driver.ask("cuGraphInstantiate", to -> (int) INSTANTIATE.invokeExact(to, graph, 0L));
    }

    static void launchGraph(long executable, long stream) {
        Driver.check("cuGraphLaunch", () -> (int) GRAPH_LAUNCH.invokeExact(executable, stream));
    }

    static void destroyGraph(long graph) {
        Driver.check("cuGraphDestroy", () -> (int) GRAPH_DESTROY.invokeExact(graph));
    }

    static void destroyExecutable(long executable) {
        Driver.check("cuGraphExecDestroy", () -> (int) EXEC_DESTROY.invokeExact(executable));
    }
}
