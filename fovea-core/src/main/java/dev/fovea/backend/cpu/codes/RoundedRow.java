package dev.fovea.backend.cpu.codes;

/** Puts a row of x into integers, 32 values at a time, with their scale and an eighth of their sum with its sign turned. */
interface RoundedRow {
    /**
     * @param values float32, whole blocks
     * @param integers of the first block
     * @param scalars of the first block: scale and sum
     * @param stride bytes from block to block
     */
    void write(long values, long integers, long scalars, long stride, long blocks);
}
