package dev.fovea.ffi.x86;

/** Registers of 64 bits. Functions of System V's convention get their first six arguments in RDI, RSI, RDX, RCX, R8 and R9. */
public enum Gpr {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15;

    int low() {
        return ordinal() & 7;
    }

    int high() {
        return ordinal() >> 3;
    }
}
