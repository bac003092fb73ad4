package dev.fovea.ffi.x86;

import dev.fovea.ffi.NativeFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the processor says of itself. Whether the system saves the registers of vectors, the JVM knows: by its widest vectors. */
public enum Cpuid {
    FMA(1, 0, 2, 12),
    F16C(1, 0, 2, 29),
    AVX2(7, 0, 1, 5),
    AVX512F(7, 0, 1, 16),
    AVX512BW(7, 0, 1, 30),
    AVX512_VNNI(7, 0, 2, 11),
    AVX512VL(7, 0, 1, 31),
    AVX512_BF16(7, 1, 0, 5),
    AVX512_FP16(7, 0, 3, 23),
    AMX_BF16(7, 0, 3, 22),
    AMX_TILE(7, 0, 3, 24);

    /** How the names of AMD's processors begin, in a register. */
    private static final int AUTH = 0x68747541;

    private static final int EBX = 1;

    /** By the register whose value they give: machine code lies on a page of its own for ever, so it is made once. */
    private static final Map<Integer, NativeFunction> FUNCTIONS = new ConcurrentHashMap<>();

    private final int leaf;
    private final int part;
    private final int register; // 0 to 3: eax, ebx, ecx, edx
    private final int bit;

    Cpuid(int leaf, int part, int register, int bit) {
        this.leaf = leaf;
        this.part = part;
        this.register = register;
        this.bit = bit;
    }

    /** @throws dev.fovea.error.NativeException where machine code does not run */
    public boolean isPresent() {
        return (ask(leaf, part, register) >> bit & 1) == 1;
    }

    /**
     * Whether AMD made the processor.
     *
     * @throws dev.fovea.error.NativeException where machine code does not run
     */
    public static boolean isAmd() {
        return (int) ask(0, 0, EBX) == AUTH;
    }

    private static long ask(int leaf, int part, int register) {
        return FUNCTIONS
                .computeIfAbsent(register, r -> MachineCode.nativeFunction(code(r)))
                .call(leaf, part, 0, 0, 0, 0);
    }

    private static byte[] code(int register) {
        Assembler a = new Assembler(256);
        a.push(Gpr.RBX);
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.RCX, Gpr.RSI);
        a.cpuid();
        a.mov(Gpr.RAX, new Gpr[] {Gpr.RAX, Gpr.RBX, Gpr.RCX, Gpr.RDX}[register]);
        a.pop(Gpr.RBX);
        a.ret();
        return a.code();
    }
}
