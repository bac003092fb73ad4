package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.MemoryException;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.HostMemory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is kept of prompts, where memory ends before the budget does. */
class PrefixesTest {
    private static final int PROMPT = 400;
    private static final long ROW_BYTES = 2 * 16 * 128 * Float.BYTES;

    @AfterEach
    void forgetTheLimit() {
        System.clearProperty(HostMemory.LIMIT);
    }

    private static ByteBuffer key(int prompt) {
        return ByteBuffer.allocate(4).putInt(0, prompt);
    }

    @Test
    void giveWayToRunningSequences() {
        assumeTrue(HostMemory.available().isPresent());
        System.setProperty(HostMemory.LIMIT, String.valueOf(3 * PROMPT * ROW_BYTES));
        try (Backend backend = new ReferenceBackend()) {
            check(backend);
        }
    }

    /** As on a GPU: nobody knows how much there is until a piece is refused. */
    @Test
    void giveWayWhereAllocationFails() {
        try (Backend backend = new ReferenceBackend()) {
            check((Backend) Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (itself, method, arguments) -> {
                        if (method.getName().equals("home")) {
                            return itself;
                        }
                        if (method.getName().equals("isHost")) {
                            return false;
                        }
                        if (method.getName().equals("allocateLastingSlab")
                                && (long) arguments[0] > 3 * PROMPT * ROW_BYTES / 2) { // keys, or values
                            throw new MemoryException("no more", "less");
                        }
                        try {
                            return method.invoke(backend, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    }));
        }
    }

    private static void check(Backend backend) {
        try (KvCache cache = KvCache.full(backend, DType.FLOAT32, 1, 16, 128)) {
            Prefixes prefixes = new Prefixes(cache, 1L << 40);
            for (int prompt = 0; prompt < 8; prompt++) {
                int sequence = cache.addSequence();
                cache.append(new int[] {sequence}, new int[] {PROMPT});
                prefixes.put(sequence, key(2 * prompt), key(-1), 0, PROMPT / 2);
                prefixes.put(sequence, key(2 * prompt + 1), key(2 * prompt), PROMPT / 2, PROMPT);
                cache.remove(sequence);
            }
            int next = cache.addSequence();
            assertThat(prefixes.append(next, key(0), PROMPT / 2)).isFalse();
            assertThat(prefixes.append(next, key(14), PROMPT / 2)).isTrue();
            assertThat(prefixes.append(next, key(15), PROMPT / 2)).isTrue();
            assertThat(cache.length(next)).isEqualTo(PROMPT);
            assertThat(prefixes.bytes()).isBetween(PROMPT * ROW_BYTES, 3 * PROMPT * ROW_BYTES - 1);
            assertThatExceptionOfType(MemoryException.class)
                    .isThrownBy(() -> cache.append(new int[] {next}, new int[] {3 * PROMPT}));
            assertThat(cache.length(next)).isEqualTo(PROMPT);
        }
    }
}
