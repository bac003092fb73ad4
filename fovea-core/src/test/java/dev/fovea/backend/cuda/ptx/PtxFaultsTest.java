package dev.fovea.backend.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.error.FoveaException;
import dev.fovea.error.MemoryException;
import dev.fovea.error.NativeException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mistakes of kernels and of those who launch them, each with the sentence that tells it. */
class PtxFaultsTest {
    private final PtxTrial trial = new PtxTrial("programs");
    private final long x = trial.put(new float[64]);
    private final long y = trial.put(new float[256]);

    @AfterEach
    void close() {
        trial.close();
    }

    private Arguments arguments(int i) {
        return new Arguments().pointer(x).pointer(y).integer(i);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            read_at    | 1  | 63 | `ld.global.f32 .*` reads 4 bytes at 0x[0-9a-f]+: nothing is allocated there; the nearest are 256 bytes at 0x[0-9a-f]+
            read_at    | -1 | 0  | `ld.global.f32 .*` reads 4 bytes at 0x[0-9a-f]+: nothing is allocated there; .*
            write_at   | 193 | 63 | `st.global.f32 .*` writes 4 bytes at 0x[0-9a-f]+: nothing is allocated there; .*
            read_pack  | 61 | 0  | `ld.global.v4.u32 .*` reads 16 bytes at 0x[0-9a-f]+, which is no multiple of 16
            shared_at  | 1  | 63 | `st.shared.f32 .*` writes 4 bytes at 0x100: its shared memory has 256 bytes
            half_a_warp | 16 | 0 | `shfl.sync.bfly.b32 .*` waits for lane 16, which has ended or does not exist
            two_places  | 5 | 0 | `shfl.sync.bfly.b32 .*` waits for others, while lane 5 waits at `shfl.sync.bfly.b32 .*`
            ended_lanes | 31 | 0 | `shfl.sync.bfly.b32 .*` waits for lane 31, which has ended or does not exist
            not_named  | 16 | 16 | `shfl.sync.bfly.b32 .*` does not name the lane 16 that runs it
            lonely_barrier | 32 | 0 | `bar.sync 1, 64` waits for threads that never come""")
    void namesTheInstructionAndTheThread(String kernel, int i, int thread, String what) {
        assertThatThrownBy(() -> trial.launch(kernel, 1, 64, 256, arguments(i)))
                .isInstanceOf(NativeException.class)
                .message()
                .matches("kernel " + kernel + " of trial, block \\(0, 0, 0\\), thread " + thread + ": " + what);
    }

    @Test
    void whatIsFreedIsGone() {
        trial.device.free(x);
        assertThatThrownBy(() -> trial.launch("read_at", 1, 64, arguments(0)))
                .hasMessageContaining("nothing is allocated there");
        assertThatThrownBy(() -> trial.device.free(x)).hasMessageContaining("nothing was allocated there");
        assertThatThrownBy(() -> trial.device.download(y + 8, MemorySegment.ofArray(new float[255])))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("cannot copy 1,020 bytes");
    }

    @Test
    void launchesMustFitTheKernel() {
        assertThatThrownBy(() -> trial.launch("read_at", 1, 64, new Arguments().pointer(x)))
                .hasMessage("kernel read_at of trial takes 20 bytes of arguments, was launched with 8");
        assertThatThrownBy(() -> trial.launch("read_at", 1, 65, arguments(0)))
                .hasMessage("kernel read_at of trial takes 1 to 64 threads a block, was launched with 65");
        assertThatThrownBy(() -> trial.launch("shared_at", 1, 64, 1 << 20, arguments(0)))
                .hasMessageContaining("needs 1048576 bytes of shared memory");
        assertThatThrownBy(() -> trial.launch("shared_at", 1, 64, (99 << 10) + 1, arguments(0)))
                .hasMessageContaining("a block has at most 101376");
        Kernel kernel = new Kernel(new Kernel.Module("trial", List.of()), "shared_at", 64);
        assertThatThrownBy(() -> trial.device.launch(kernel, new Device.Grid(1, 65536, 1), arguments(0)))
                .hasMessageContaining("y and z are at most 65535");
        assertThatThrownBy(() -> trial.launch("nowhere", 1, 64, arguments(0)))
                .hasMessageStartingWith("there is no kernel nowhere among collatz, nested, ");
    }

    @Test
    void memoryIsLimitedAndFresh() {
        long free = trial.device.freeBytes();
        assertThatThrownBy(() -> trial.device.allocate(free + 1))
                .isInstanceOf(MemoryException.class)
                .hasMessageContaining("cannot allocate");
        long address = trial.device.allocate(free);
        assertThat(trial.device.freeBytes()).isZero();
        assertThat(address % 256).isZero();
        assertThat(trial.floats(address, 64)).containsOnly(Float.NaN);
        trial.device.free(address);
        assertThat(trial.device.freeBytes()).isEqualTo(free);
        assertThat(trial.device.allocate(free)).isGreaterThan(address);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            atom.global.add.u32 %r1, [%rd1], 1   | kernel k of trial: `atom.global.add.u32 %r1, [%rd1], 1`: the interpreter does not know this instruction
            add.s32 %r1, %r2                     | kernel k of trial: `add.s32 %r1, %r2`: it has 2 operands, expected more
            add.s32 %r1, %r2, x                  | kernel k of trial: `add.s32 %r1, %r2, x`: PTX has the operand x, which is no register, variable or number
            bra $away                            | kernel k of trial: `bra $away`: there is no label $away
            fma.rn.bf16x2 %r1, %r2, %r3, %r4     | kernel k of trial: `fma.rn.bf16x2 %r1, %r2, %r3, %r4`: the interpreter does not know this instruction
            mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%r1}, {%r2}, {%r3}, {%r4} | kernel k of trial: `mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%r1}, {%r2}, {%r3}, {%r4}`: the interpreter does not know this instruction
            mov.u32 %r1, %clock                  | kernel k of trial: `mov.u32 %r1, %clock`: the interpreter has no special register %clock""")
    void namesWhatItDoesNotKnow(String instruction, String message) {
        try (PtxTrial other = new PtxTrial(
                () -> ".visible .entry k()\n{ .reg .b32 %r<9>; .reg .b64 %rd<9>; " + instruction + "; ret; }")) {
            assertThatThrownBy(() -> other.launch("k", 1, 32, new Arguments()))
                    .isInstanceOf(FoveaException.class)
                    .hasMessage(message);
        }
    }
}
