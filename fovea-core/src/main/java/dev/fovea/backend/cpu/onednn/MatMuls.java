package dev.fovea.backend.cpu.onednn;

import java.util.LinkedHashMap;
import java.util.Map;

/** Primitives by their form: making one takes milliseconds. For one call at a time. */
public final class MatMuls implements AutoCloseable {
    /** A model has about ten shapes of weights, and each prompt length makes up to four of each. */
    private static final int KEPT = 256;

    private final Map<MatMul.Form, MatMul> primitives = new LinkedHashMap<>(KEPT, 0.75f, true);

    public MatMul of(MatMul.Form form) {
        return primitives.computeIfAbsent(form, MatMul::new);
    }

    /** Drops what was not used for longest; at the end of a call, when none of them runs. */
    public void evict() {
        var oldest = primitives.values().iterator();
        while (primitives.size() > KEPT) {
            oldest.next().close();
            oldest.remove();
        }
    }

    @Override
    public void close() {
        primitives.values().forEach(MatMul::close);
        primitives.clear();
    }
}
