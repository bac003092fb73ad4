package dev.fovea.backend.cuda.device;

import dev.fovea.ffi.Cleanup;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a stream is given, recorded to be run again and again. In the current context; for one thread at a time. */
final class Graphs implements AutoCloseable {
    private final long stream;
    private final Set<Recorded> all = new HashSet<>();
    private boolean isRecording;

    Graphs(long stream) {
        this.stream = stream;
    }

    /** A graph by its identity: the driver gives a handle to another one later. */
    static final class Recorded {
        private final long executable;

        private Recorded(long executable) {
            this.executable = executable;
        }
    }

    /** What the calls give the stream; nothing of it runs yet. */
    Recorded record(Runnable calls) {
        Streams.beginCapture(stream);
        isRecording = true;
        try {
            calls.run();
        } catch (RuntimeException | Error e) {
            // It may have made the recording invalid, which is then refused as well.
            Cleanup.after(e, () -> Streams.destroyGraph(Streams.endCapture(stream)));
            throw e;
        } finally {
            isRecording = false;
        }
        Recorded ready = new Recorded(executable());
        all.add(ready);
        return ready;
    }

    private long executable() {
        long graph = Streams.endCapture(stream);
        try {
            return Streams.instantiate(graph);
        } finally {
            Streams.destroyGraph(graph);
        }
    }

    boolean isRecording() {
        return isRecording;
    }

    void requireNotRecording() {
        if (isRecording) {
            throw new IllegalStateException("what is recorded cannot wait");
        }
    }

    void run(Recorded graph) {
        Streams.launchGraph(graph.executable, stream);
    }

    /** Once more does nothing. */
    void destroy(Recorded graph) {
        if (all.remove(graph)) {
            Streams.destroyExecutable(graph.executable);
        }
    }

    @Override
    public void close() {
        List<Recorded> graphs = List.copyOf(all);
        all.clear();
        Cleanup.each(graphs, graph -> Streams.destroyExecutable(graph.executable));
    }
}
