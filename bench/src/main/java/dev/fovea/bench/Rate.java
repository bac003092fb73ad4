package dev.fovea.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Per second: bytes of weights or keys read, in GB, and floating point operations, in G. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Rate {
    public double gigabytes;
    public double gflop;

    @Setup(Level.Iteration)
    public void reset() {
        gigabytes = 0;
        gflop = 0;
    }
}
