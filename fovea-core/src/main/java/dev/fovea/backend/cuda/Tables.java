package dev.fovea.backend.cuda;

/** Integers on the device that kernels look things up in: ids of rows, what queries see, where keys lie. */
@FunctionalInterface
interface Tables {
    /**
     * The address of these values on the device. It holds for what is launched before the next call of an operation; the array
     * may change as soon as this returns.
     */
    long address(int[] values);
}
