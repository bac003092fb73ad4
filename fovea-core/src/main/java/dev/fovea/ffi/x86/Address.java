package dev.fovea.ffi.x86;

/** Base register, plus an index times a power of two, plus a displacement in bytes. */
public final class Address {
    private final Gpr base;
    private final Gpr index; // RSP stands for none
    private final int shift;
    private final int displacement;

    private Address(Gpr base, Gpr index, int shift, int displacement) {
        this.base = base;
        this.index = index;
        this.shift = shift;
        this.displacement = displacement;
    }

    /** {@code [base + displacement]}. */
    public static Address of(Gpr base, int displacement) {
        return new Address(base, Gpr.RSP, 0, displacement);
    }

    /** {@code [base + index 2^shift]}, for shifts from 0 to 3 and any index but RSP. */
    public static Address indexed(Gpr base, Gpr index, int shift) {
        return indexed(base, index, shift, 0);
    }

    /** {@code [base + index 2^shift + displacement]}. */
    public static Address indexed(Gpr base, Gpr index, int shift, int displacement) {
        if (index == Gpr.RSP || shift < 0 || shift > 3) {
            throw new IllegalArgumentException("no address has " + index + " << " + shift);
        }
        return new Address(base, index, shift, displacement);
    }

    int sib() {
        return shift << 6 | index.low() << 3 | base.low();
    }

    int baseHigh() {
        return base.high();
    }

    int indexHigh() {
        return index.high();
    }

    int displacement() {
        return displacement;
    }
}
