package dev.fovea.ffi.x86;

/** Registers of 64 bits. Functions of System V's convention get their first six arguments in RDI, RSI, RDX, RCX, R8 and R9. */
public enum Gpr {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13),
    R14(14),
    R15(15);

    private final int number;

    Gpr(int number) {
        this.number = number;
    }

    int low() {
        return number & 7;
    }

    int high() {
        return number >> 3;
    }
}
