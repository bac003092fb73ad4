package dev.fovea.backend.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class BufferTest {
    /** Attention of a prompt asks for a little more with every span, and what was outgrown waits for the garbage collector. */
    @Test
    void whatGrowsStepByStepIsSeldomMadeAnew() {
        Buffer buffer = new Buffer();
        long addresses = LongStream.rangeClosed(1, 1000)
                .map(i -> buffer.bytes(i * 64))
                .distinct()
                .count();
        assertThat(addresses).isLessThan(30);
    }
}
