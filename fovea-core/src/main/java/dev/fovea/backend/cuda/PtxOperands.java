package dev.fovea.backend.cuda;

import dev.fovea.error.NativeException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The slots that an entry's registers, constants and special registers have in a warp. */
final class PtxOperands {
    private final Map<String, Integer> registers = new HashMap<>();
    private final Map<Long, Integer> constants = new LinkedHashMap<>();
    private final Map<String, Integer> specials = new LinkedHashMap<>();
    private final Map<String, Long> symbols;
    private final Set<String> named;
    private int slots;

    /**
     * @param symbols addresses of variables and parameters in their own space
     * @param named registers whose names do not begin with %
     */
    PtxOperands(Map<String, Long> symbols, Set<String> named) {
        this.symbols = symbols;
        this.named = named;
    }

    /** Where an operand is to be written; {@code _} is nowhere. */
    int target(String operand) {
        if (operand.equals("_")) {
            return slots++;
        }
        if (!isRegister(operand)) {
            throw new NativeException("PTX writes to " + operand + ", which is no register");
        }
        return registers.computeIfAbsent(operand, r -> slots++);
    }

    /** Where an operand is read. */
    int value(String operand) {
        if (isSpecial(operand)) {
            return specials.computeIfAbsent(operand, r -> slots++);
        }
        if (operand.matches(
                "%(clock\\w*|globaltimer\\w*|smid|nsmid|gridid|pm\\d|envreg\\d+|cluster.*|is_explicit_cluster)")) {
            throw new NativeException("the interpreter has no special register " + operand);
        }
        if (isRegister(operand)) {
            return registers.computeIfAbsent(operand, r -> slots++);
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
        return Arrays.stream(operand.replaceAll("[{}\\s]", "").split(",")).toList();
    }

    /** Slot and offset of an address in brackets. */
    Address address(String brackets) {
        String inside = brackets.replaceAll("[\\[\\]\\s]", "");
        int plus = inside.indexOf('+', 1);
        return plus > 0 && isRegister(inside.substring(0, plus))
                ? new Address(value(inside.substring(0, plus)), literal(inside.substring(plus + 1)))
                : new Address(value(inside), 0);
    }

    /** An address that is an offset from a register. */
    record Address(int slot, long offset) {}

    private boolean isRegister(String operand) {
        return (operand.startsWith("%") && !isSpecial(operand)) || named.contains(operand);
    }

    private static boolean isSpecial(String operand) {
        return operand.equals("WARP_SZ")
                || operand.matches("%(n?tid|n?ctaid)\\.[xyz]|%(lane|warp|nwarp)(id)?s?|%lanemask_[elg][qte]"
                        + "|%(dynamic|total)_smem_size");
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

    /** All slots of a warp that begins; constants are shared by all warps. */
    Layout layout() {
        long[][] shared = new long[slots][];
        constants.forEach((value, slot) -> {
            shared[slot] = new long[PtxWarp.LANES];
            Arrays.fill(shared[slot], value);
        });
        return new Layout(shared, Map.copyOf(specials));
    }

    /**
     * @param constants by slot; null where another register is
     */
    record Layout(long[][] constants, Map<String, Integer> specials) {
        long[][] registers(PtxWarp warp) {
            long[][] registers = constants.clone();
            for (int i = 0; i < registers.length; i++) {
                if (registers[i] == null) {
                    registers[i] = new long[PtxWarp.LANES];
                }
            }
            specials.forEach((name, slot) -> Arrays.setAll(registers[slot], lane -> special(name, warp, lane)));
            return registers;
        }

        private static long special(String name, PtxWarp warp, int lane) {
            PtxBlock block = warp.block;
            return switch (name) {
                case "%tid.x" -> warp.first + lane;
                case "%tid.y", "%tid.z" -> 0;
                case "%ntid.x" -> block.threads();
                case "%ntid.y", "%ntid.z" -> 1;
                case "%ctaid.x" -> block.x;
                case "%ctaid.y" -> block.y;
                case "%ctaid.z" -> block.z;
                case "%nctaid.x" -> block.grid.x();
                case "%nctaid.y" -> block.grid.y();
                case "%nctaid.z" -> block.grid.z();
                case "%laneid" -> lane;
                case "%warpid" -> warp.first / PtxWarp.LANES;
                case "%nwarpid" -> Math.ceilDiv(block.threads(), PtxWarp.LANES);
                case "%lanemask_eq" -> 1L << lane;
                case "%lanemask_lt" -> (1L << lane) - 1;
                case "%lanemask_le" -> (2L << lane) - 1;
                case "%lanemask_gt" -> -(2L << lane) & 0xffff_ffffL;
                case "%lanemask_ge" -> -(1L << lane) & 0xffff_ffffL;
                case "%dynamic_smem_size" -> block.shared.content().length - block.kernel.sharedBytes();
                case "%total_smem_size" -> block.shared.content().length;
                case "WARP_SZ" -> PtxWarp.LANES;
                default -> throw new IllegalStateException(name);
            };
        }
    }
}
