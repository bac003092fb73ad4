package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

class OpeningTest {
    private final BlockingQueue<String> closed = new LinkedBlockingQueue<>();

    @Test
    void opensOnAThreadOfItsOwn() {
        try (var opening = Opening.of(Thread::currentThread, _ -> closed.add("closed"))) {
            Thread thread = opening.take();
            assertThat(thread).isNotSameAs(Thread.currentThread());
            assertThat(thread.isDaemon()).isTrue();
        }
        assertThat(closed).isEmpty(); // it is the taker's
    }

    @Test
    void failuresAreThoseOfTheOpener() {
        try (var opening = Opening.of(
                () -> {
                    throw new InputException("no such tokenizer");
                },
                _ -> closed.add("closed"))) {
            assertThatThrownBy(opening::take)
                    .isExactlyInstanceOf(InputException.class)
                    .hasMessage("no such tokenizer");
        }
        assertThat(closed).isEmpty();
    }

    /** Nobody waits for what is no longer wanted. */
    @Test
    void whatIsNotTakenIsClosedWhenItComes() throws InterruptedException {
        CountDownLatch slow = new CountDownLatch(1);
        Opening<String> opening = Opening.of(
                () -> {
                    await(slow);
                    return "late";
                },
                closed::add);
        opening.close();
        assertThat(closed).isEmpty();
        slow.countDown();
        assertThat(closed.take()).isEqualTo("late");
    }

    @Test
    void interruptingEndsTheWait() throws InterruptedException {
        CountDownLatch slow = new CountDownLatch(1);
        Thread.currentThread().interrupt();
        try (var opening = Opening.of(
                () -> {
                    await(slow);
                    return "late";
                },
                closed::add)) {
            assertThatThrownBy(opening::take)
                    .isInstanceOf(FoveaException.class)
                    .hasMessageStartingWith("opening was interrupted");
        }
        assertThat(Thread.interrupted()).isTrue();
        slow.countDown();
        assertThat(closed.take()).isEqualTo("late");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
