package dev.fovea.models.batch;

import dev.fovea.generate.Decoding;
import dev.fovea.models.Inputs;
import dev.fovea.models.VisionLanguageModel;
import dev.fovea.tensor.Lifetime;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Decodes the requests of many threads together. Each drives its {@link Decoding} as if it were alone; calls wait for the step that
 * takes them along. Whoever generates keeps the model open.
 *
 * <p>Any thread may call. {@link #close} lets no further request begin and waits for none; what is forgotten is freed.
 */
public final class Batch implements AutoCloseable {
    private final Engine engine;
    private final Lifetime lifetime;

    /** @param turnEnds as of {@link VisionLanguageModel#newSequences} */
    public Batch(VisionLanguageModel model, Limits limits, Set<Integer> turnEnds) {
        engine = new Engine(model, limits, turnEnds);
        engine.start();
        lifetime = new Lifetime(engine::stop);
    }

    /** Keeps the batch for a request of this thread. */
    public Lifetime.Lease use() {
        return lifetime.use("pipeline");
    }

    /**
     * Waits for a place, and until the pictures are encoded. Where that was cancelled, the prefill gives no logits.
     *
     * @throws dev.fovea.error.BusyException where too many wait
     * @throws dev.fovea.error.MemoryException where the request alone is more than the batch may hold
     * @throws dev.fovea.error.InputException where prompt and pictures do not fit each other or the model
     */
    public Decoding start(Inputs inputs, Demand demand, BooleanSupplier cancelled) {
        return engine.enter(inputs, demand, cancelled);
    }

    public Counts counts() {
        return engine.counts();
    }

    @Override
    public void close() {
        lifetime.close();
    }
}
