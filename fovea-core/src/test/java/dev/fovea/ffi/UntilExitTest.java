package dev.fovea.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class UntilExitTest {
    private final UntilExit work = new UntilExit();

    @Test
    void theEndWaitsForWhatHasBegunAndNothingMoreBegins() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        AtomicBoolean later = new AtomicBoolean();
        Thread first = Thread.ofVirtual()
                .start(() -> work.call(() -> {
                    begun.countDown();
                    return await(mayEnd);
                }));
        begun.await();
        Thread end = Thread.ofVirtual().start(work::end);
        assertThat(end.join(java.time.Duration.ofMillis(50)))
                .as("ended before the work")
                .isFalse();

        mayEnd.countDown();
        first.join();
        end.join();
        Thread second = Thread.ofVirtual()
                .start(() -> work.call(() -> {
                    later.set(true);
                    return true;
                }));
        assertThat(second.join(java.time.Duration.ofMillis(50)))
                .as("ran after the end")
                .isFalse();
        assertThat(later).isFalse();
    }

    private static boolean await(CountDownLatch latch) {
        try {
            latch.await();
            return true;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
