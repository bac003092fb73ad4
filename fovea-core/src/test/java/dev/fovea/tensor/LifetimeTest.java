package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.ClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LifetimeTest {
    private final AtomicInteger freed = new AtomicInteger();
    private final Lifetime lifetime = new Lifetime(freed::incrementAndGet);

    @Test
    void closingFreesOnceWhereNobodyUsesIt() {
        lifetime.use("model").close();
        assertThat(freed).hasValue(0);
        assertThat(lifetime.isClosed()).isFalse();
        lifetime.close();
        lifetime.close();
        assertThat(freed).hasValue(1);
        assertThat(lifetime.isOver()).isTrue();
    }

    @Test
    void theLastLeaseFrees() throws Exception {
        Lifetime.Lease first = lifetime.use("model");
        Lifetime.Lease second = lifetime.use("model");
        onAnotherThread(() -> {
            lifetime.close();
            return null;
        });
        assertThat(lifetime.isClosed()).isTrue();
        first.close();
        first.close();
        assertThat(freed).hasValue(0);
        assertThat(lifetime.isOver()).isFalse();
        second.close();
        assertThat(freed).hasValue(1);
    }

    @Test
    void callsAfterTheCloseAreRefused() {
        lifetime.close();
        assertThatThrownBy(() -> lifetime.use("pipeline"))
                .isInstanceOf(ClosedException.class)
                .hasMessageStartingWith("this pipeline is closed");
    }

    /** A call that has begun ends as usual, by whatever calls of its own. */
    @Test
    void whoHasALeaseMayTakeMoreAfterTheClose() throws Exception {
        try (var _ = lifetime.use("model")) {
            lifetime.close();
            try (var _ = lifetime.use("model")) {
                assertThat(freed).hasValue(0);
            }
            assertThatThrownBy(() -> onAnotherThread(() -> lifetime.use("model")))
                    .cause()
                    .isInstanceOf(ClosedException.class);
        }
        assertThat(freed).hasValue(1);
        assertThatThrownBy(() -> lifetime.use("model")).isInstanceOf(ClosedException.class);
    }

    @Test
    void leasesOfSeveralMayEndInAnyOrder() {
        Lifetime other = new Lifetime(() -> {});
        Lifetime.Lease outer = lifetime.use("model");
        Lifetime.Lease middle = other.use("tokenizer");
        Lifetime.Lease inner = lifetime.use("model");
        other.close();
        middle.close();
        assertThatThrownBy(() -> other.use("tokenizer")).isInstanceOf(ClosedException.class);
        outer.close();
        lifetime.close();
        lifetime.use("model").close(); // still held by the inner one
        inner.close();
        assertThat(freed).hasValue(1);
    }

    @Test
    void aLeaseIsOfOneThread() {
        Lifetime.Lease lease = lifetime.use("model");
        CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(lease::close);
        assertThatThrownBy(elsewhere::join).cause().isInstanceOf(IllegalStateException.class);
        lease.close();
        lifetime.close();
        assertThat(freed).hasValue(1);
    }

    @Test
    void whatIsForgottenIsFreed() throws Exception {
        AtomicInteger count = new AtomicInteger();
        for (int i = 0; i < 5; i++) {
            new Lifetime(count::incrementAndGet).use("model").close();
        }
        Garbage.collect(() -> count.get() == 5);
    }

    @Test
    void whatIsInUseIsNotForgotten() throws Exception {
        AtomicInteger used = new AtomicInteger();
        AtomicInteger unused = new AtomicInteger();
        try (var _ = forgotten(used).use("model")) {
            forgotten(unused);
            Garbage.collect(() -> unused.get() == 1);
            assertThat(used).hasValue(0);
        }
    }

    private static Lifetime forgotten(AtomicInteger frees) {
        return new Lifetime(frees::incrementAndGet);
    }

    /** In many rounds, threads use what another one closes: nothing is freed while it is used, and each thing once. */
    @Test
    void closingAmongManyThreads() throws Exception {
        int threads = 8;
        for (int round = 0; round < 300; round++) {
            AtomicInteger frees = new AtomicInteger();
            Lifetime shared = new Lifetime(frees::incrementAndGet);
            CountDownLatch start = new CountDownLatch(threads);
            try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
                List<Future<Integer>> users = new ArrayList<>();
                IntStream.range(0, threads)
                        .forEach(i -> users.add(pool.submit(() -> {
                            start.countDown();
                            start.await();
                            return i == 0 ? close(shared) : useUntilClosed(shared, frees);
                        })));
                for (Future<Integer> user : users) {
                    assertThat(user.get()).isZero();
                }
            }
            assertThat(frees).hasValue(1);
        }
    }

    private static int close(Lifetime shared) {
        shared.close();
        return 0;
    }

    /** How often it was gone while it was held. */
    private static int useUntilClosed(Lifetime shared, AtomicInteger frees) {
        int gone = 0;
        while (true) {
            try (var _ = shared.use("model");
                    var _ = shared.use("model")) {
                gone += frees.get();
            } catch (ClosedException e) {
                return gone;
            }
        }
    }

    private static <T> T onAnotherThread(Callable<T> call) throws InterruptedException, ExecutionException {
        try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
            return pool.submit(call).get();
        }
    }

    @Test
    void anOpenScopeIsNobodysToShare() {
        try (Backend backend = new dev.fovea.backend.shapes.ShapeBackend();
                Scope scope = Scope.open(backend)) {
            assertThatIllegalStateException().isThrownBy(() -> scope.use("scope"));
        }
    }
}
