package dev.fovea.ffi.x86;

import dev.fovea.ffi.NativeFunction;

/** What the processor says of itself. Whether the system saves the registers of vectors, the JVM knows: by its widest vectors. */
public enum Cpuid {
    FMA(1, 2, 12),
    F16C(1, 2, 29),
    AVX2(7, 1, 5),
    AVX512F(7, 1, 16),
    AVX512BW(7, 1, 30),
    AVX512_VNNI(7, 2, 11),
    AVX512VL(7, 1, 31);

    private final int leaf;
    private final int register; // 0 to 3: eax, ebx, ecx, edx
    private final int bit;

    Cpuid(int leaf, int register, int bit) {
        this.leaf = leaf;
        this.register = register;
        this.bit = bit;
    }

    /** @throws dev.fovea.error.NativeException where machine code does not run */
    public boolean isPresent() {
        NativeFunction ask = MachineCode.nativeFunction(ask());
        return (ask.call(leaf, 0, 0, 0, 0, 0) >> bit & 1) == 1;
    }

    private byte[] ask() {
        Assembler a = new Assembler(256);
        a.push(Gpr.RBX);
        a.mov(Gpr.RAX, Gpr.RDI);
        a.clear(Gpr.RCX);
        a.cpuid();
        a.mov(Gpr.RAX, new Gpr[] {Gpr.RAX, Gpr.RBX, Gpr.RCX, Gpr.RDX}[register]);
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }
}
