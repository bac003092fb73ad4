package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The slots that an entry's registers, constants and special registers have in a warp. */
final class PtxOperands {
    private static final Set<String> SPECIALS = Set.of(
            "%tid.x",
            "%tid.y",
            "%tid.z",
            "%ntid.x",
            "%ntid.y",
            "%ntid.z",
            "%ctaid.x",
            "%ctaid.y",
            "%ctaid.z",
            "%nctaid.x",
            "%nctaid.y",
            "%nctaid.z",
            "%laneid",
            "%warpid",
            "%nwarpid",
            "%lanemask_eq",
            "%lanemask_lt",
            "%lanemask_le",
            "%lanemask_gt",
            "%lanemask_ge",
            "%dynamic_smem_size",
            "%total_smem_size",
            "WARP_SZ");

    /** What a device knows of itself and of the time. */
    private static final Set<String> UNKNOWN = Set.of(
            "%clock",
            "%clock_hi",
            "%clock64",
            "%globaltimer",
            "%globaltimer_lo",
            "%globaltimer_hi",
            "%smid",
            "%nsmid",
            "%gridid");

    private final Map<String, Integer> registers = new HashMap<>();
    private final Map<Long, Integer> constants = new LinkedHashMap<>();
    private final Map<String, Integer> specials = new LinkedHashMap<>();
    private final Map<String, Long> symbols;
    private final Set<String> named;
    private final List<PtxLives.Use> uses = new ArrayList<>();
    private int slots;

    /** The statement at hand, and whether it has a guard. */
    private int statement;

    private boolean guarded;

    /**
     * @param symbols addresses of variables and parameters in their own space
     * @param named registers whose names do not begin with %
     */
    PtxOperands(Map<String, Long> symbols, Set<String> named) {
        this.symbols = symbols;
        this.named = named;
    }

    /** Takes up the operands of the next statement. */
    void enter(int number, boolean hasGuard) {
        statement = number;
        guarded = hasGuard;
    }

    private int used(int slot, boolean writes) {
        uses.add(new PtxLives.Use(statement, slot, writes, !guarded));
        return slot;
    }

    /** Where an operand is to be written; {@code _} is nowhere. */
    int target(String operand) {
        if (operand.equals("_")) {
            return used(slots++, true);
        }
        if (!isRegister(operand)) {
            throw new NativeException("PTX writes to " + operand + ", which is no register");
        }
        return used(registers.computeIfAbsent(operand, r -> slots++), true);
    }

    /** Where an operand is read. */
    int value(String operand) {
        if (isSpecial(operand)) {
            return specials.computeIfAbsent(operand, r -> slots++);
        }
        if (UNKNOWN.contains(operand)) {
            throw new NativeException("the interpreter has no special register " + operand);
        }
        if (isRegister(operand)) {
            return used(registers.computeIfAbsent(operand, r -> slots++), false);
        }
        return constant(constantOf(operand));
    }

    int constant(long value) {
        return constants.computeIfAbsent(value, c -> slots++);
    }

    private long constantOf(String operand) {
        int plus = operand.indexOf('+');
        if (plus > 0) {
            return constantOf(operand.substring(0, plus)) + literal(operand.substring(plus + 1));
        }
        Long symbol = symbols.get(operand);
        return symbol != null ? symbol : literal(operand);
    }

    /** The members of {@code {a, b}}, or the one that stands alone. */
    static List<String> list(String operand) {
        return operand.startsWith("{")
                ? Arrays.stream(operand.substring(1, operand.length() - 1).split(","))
                        .map(String::strip)
                        .toList()
                : List.of(operand);
    }

    /** Slot and offset of an address in brackets. */
    Address address(String brackets) {
        String inside = brackets.substring(1, brackets.length() - 1).strip();
        int plus = inside.indexOf('+', 1);
        return plus > 0 && isRegister(inside.substring(0, plus).strip())
                ? new Address(
                        value(inside.substring(0, plus).strip()),
                        literal(inside.substring(plus + 1).strip()))
                : new Address(value(inside), 0);
    }

    /** An address that is an offset from a register. */
    record Address(int slot, long offset) {}

    private boolean isRegister(String operand) {
        return (operand.startsWith("%") && !isSpecial(operand)) || named.contains(operand);
    }

    private static boolean isSpecial(String operand) {
        return SPECIALS.contains(operand);
    }

    /** The bits of a number. */
    static long literal(String number) {
        try {
            String s = number.endsWith("U") ? number.substring(0, number.length() - 1) : number;
            if (s.startsWith("0f") || s.startsWith("0F")) {
                return Long.parseLong(s, 2, s.length(), 16);
            }
            if (s.startsWith("0d") || s.startsWith("0D")) {
                return Long.parseUnsignedLong(s, 2, s.length(), 16);
            }
            boolean negative = s.startsWith("-");
            String digits = negative ? s.substring(1) : s;
            long value = digits.startsWith("0x")
                    ? Long.parseUnsignedLong(digits, 2, digits.length(), 16)
                    : Long.parseUnsignedLong(digits);
            return negative ? -value : value;
        } catch (NumberFormatException e) {
            throw new NativeException(
                    "PTX has the operand " + number + ", which is no register, variable or number", "", e);
        }
    }

    /** Where the slots of a warp lie. */
    Layout layout(PtxEntry entry) {
        long[][] values = new long[slots][];
        constants.forEach((value, slot) -> {
            values[slot] = new long[PtxWarp.LANES];
            Arrays.fill(values[slot], value);
        });
        // A statement reads before it writes, whatever the order in which its operands were asked for.
        uses.sort(Comparator.comparingInt(use -> 2 * use.statement() + (use.writes() ? 1 : 0)));
        int[] places = PtxLives.places(entry, uses, slots);
        int count = Arrays.stream(places).max().orElse(-1) + 1;
        for (int slot : specials.values()) {
            places[slot] = count++;
        }
        return new Layout(values, places, count, Map.copyOf(specials));
    }

    /**
     * @param constants by slot; null where another register is
     * @param places of the others in a warp's part of the register file
     * @param size of that part
     */
    record Layout(long[][] constants, int[] places, int size, Map<String, Integer> specials) {
        /** Fills the special registers of a warp that begins. */
        void begin(PtxWarp warp) {
            specials.forEach((name, slot) -> special(name, warp, warp.registers[slot]));
        }

        private static void special(String name, PtxWarp warp, long[] lanes) {
            PtxBlock block = warp.block;
            switch (name) {
                case "%tid.x" -> Arrays.setAll(lanes, lane -> warp.first + lane);
                case "%laneid" -> Arrays.setAll(lanes, lane -> lane);
                case "%lanemask_eq" -> Arrays.setAll(lanes, lane -> 1L << lane);
                case "%lanemask_lt" -> Arrays.setAll(lanes, lane -> (1L << lane) - 1);
                case "%lanemask_le" -> Arrays.setAll(lanes, lane -> (2L << lane) - 1);
                case "%lanemask_gt" -> Arrays.setAll(lanes, lane -> -(2L << lane));
                case "%lanemask_ge" -> Arrays.setAll(lanes, lane -> -(1L << lane));
                default -> Arrays.fill(lanes, special(name, warp, block));
            }
        }

        /** What is the same in all lanes. */
        private static long special(String name, PtxWarp warp, PtxBlock block) {
            return switch (name) {
                case "%tid.y", "%tid.z" -> 0;
                case "%ntid.x" -> block.threads();
                case "%ntid.y", "%ntid.z" -> 1;
                case "%ctaid.x" -> block.x;
                case "%ctaid.y" -> block.y;
                case "%ctaid.z" -> block.z;
                case "%nctaid.x" -> block.grid.x();
                case "%nctaid.y" -> block.grid.y();
                case "%nctaid.z" -> block.grid.z();
                case "%warpid" -> warp.first / PtxWarp.LANES;
                case "%nwarpid" -> Math.ceilDiv(block.threads(), PtxWarp.LANES);
                case "%dynamic_smem_size" -> block.shared.content().length - block.kernel.sharedBytes();
                case "%total_smem_size" -> block.shared.content().length;
                case "WARP_SZ" -> PtxWarp.LANES;
                default -> throw new IllegalStateException(name);
            };
        }
    }
}
