package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** For tests of what is forgotten. */
public final class Garbage {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Garbage() {}

    /** Collects garbage until what hangs on that has come; fails where it never comes. */
    public static void collect(BooleanSupplier until) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!until.getAsBoolean()) {
            if (System.nanoTime() > end) {
                fail("what was forgotten is still reachable, or nobody freed it");
            }
            System.gc();
            Thread.sleep(5);
        }
    }
}
