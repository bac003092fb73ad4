package dev.fovea.backend.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkersTest {
    private static final long PAUSE = 1_000_000;

    private final Workers workers = new Workers(3);

    @AfterEach
    void close() {
        workers.close();
    }

    @Test
    void runsEachPieceOnce() {
        for (int count : new int[] {0, 1, 2, 3, 4, 100, 1000}) {
            AtomicIntegerArray runs = new AtomicIntegerArray(count);
            workers.run(count, runs::incrementAndGet);
            assertThat(IntStream.range(0, count).map(runs::get)).allMatch(n -> n == 1);
        }
    }

    @Test
    void blocksCoverAllItems() {
        AtomicIntegerArray runs = new AtomicIntegerArray(103);
        workers.blocks(103, 10, (from, to) -> {
            assertThat(to - from).isLessThanOrEqualTo(10);
            IntStream.range(from, to).forEach(runs::incrementAndGet);
        });
        assertThat(IntStream.range(0, 103).map(runs::get)).allMatch(n -> n == 1);
    }

    @Test
    void aJobFromInsideAPieceRuns() {
        AtomicInteger sum = new AtomicInteger();
        workers.run(8, i -> workers.run(8, j -> sum.addAndGet(i * j)));
        assertThat(sum).hasValue(28 * 28);
    }

    @Test
    void jobsOfManyThreadsRunSideBySide() {
        AtomicInteger sum = new AtomicInteger();
        try (var users = Executors.newFixedThreadPool(5)) {
            IntStream.range(0, 50)
                    .forEach(_ -> users.execute(() -> {
                        for (int job = 0; job < 20; job++) {
                            workers.run(7, sum::addAndGet);
                        }
                    }));
        }
        assertThat(sum).hasValue(50 * 20 * 21);
    }

    @Test
    void throwsWhatAPieceThrewAndWorksOn() {
        AtomicInteger others = new AtomicInteger();
        assertThatThrownBy(() -> workers.run(20, i -> {
                    if (i == 11) {
                        throw new IllegalStateException("piece 11");
                    }
                    others.incrementAndGet();
                }))
                .hasMessage("piece 11");
        assertThat(others).hasValue(19);
        AtomicInteger next = new AtomicInteger();
        workers.run(20, _ -> next.incrementAndGet());
        assertThat(next).hasValue(20);
    }

    @Test
    void countsSharedJobsAlone() {
        workers.run(1, _ -> pause());
        assertThat(workers.sharedNanos()).isZero();
        workers.run(6, _ -> pause());
        assertThat(workers.sharedNanos()).isGreaterThanOrEqualTo(2 * PAUSE);
    }

    private static void pause() {
        long end = System.nanoTime() + PAUSE;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void wakesThreadsThatSleep() throws InterruptedException {
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 5; i++) {
            Thread.sleep(5);
            workers.run(30, _ -> done.incrementAndGet());
        }
        assertThat(done).hasValue(150);
    }
}
