package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.List;
import java.util.stream.IntStream;

/** Instructions that concern a lane by itself: which function of its registers each one is. */
final class PtxScalar {
    private PtxScalar() {}

    static PtxOp of(PtxEntry.Statement s, PtxOperands operands) {
        if (s.base().equals("mov") && s.operand(0).startsWith("{")) {
            return new Unpack(s, operands);
        }
        if (s.base().equals("mov") && s.operand(1).startsWith("{")) {
            return new Pack(s, operands);
        }
        PtxFunction function = function(s);
        int count = switch (function) {
            case PtxFunction.One f -> 1;
            case PtxFunction.Two f -> 2;
            case PtxFunction.Three f -> 3;
            case PtxFunction.Four f -> 4;
        };
        int[] sources = IntStream.range(1, count + 1)
                .map(i -> operands.value(s.operand(i)))
                .toArray();
        String name = String.join(".", s.opcode()) + (s.base().equals("lop3") ? s.operand(4) : "");
        return PtxLoops.of(s.text(), name, function, operands.target(s.operand(0)), sources);
    }

    private static PtxFunction function(PtxEntry.Statement s) {
        String type = s.type();
        boolean real = type.equals("f32") || type.equals("f64");
        String second = s.opcode().size() > 1 ? s.opcode().get(1) : "";
        return switch (s.base()) {
            case "mov" -> (PtxFunction.One) a -> a;
            case "cvta" -> window(s);
            case "cvt" ->
                s.opcode().get(s.opcode().size() - 2).endsWith("x2") ? PtxConversions.pair(s) : PtxConversions.one(s);
            case "setp" -> compare(s, 1, 0);
            case "set" ->
                s.opcode().get(s.opcode().size() - 2).equals("f32")
                        ? compare(s, 0x3f80_0000L, 0)
                        : compare(s, 0xffff_ffffL, 0);
            case "testp" -> PtxFloats.kind(second);
            case "fma" -> PtxFloats.fma(s);
            case "mul" -> real ? PtxFloats.two(s) : PtxIntegers.product(second, type);
            case "selp", "slct" -> PtxIntegers.three(s.base(), "b64", "");
            case "mad", "sad", "bfe", "prmt" -> {
                if (real || (s.base().equals("prmt") && s.opcode().size() > 2)) {
                    throw PtxIntegers.unknown();
                }
                yield PtxIntegers.three(s.base(), type, second);
            }
            case "shf" -> PtxIntegers.three("shf", type, second + s.opcode().get(2));
            case "lop3" -> PtxIntegers.logic((int) PtxOperands.literal(s.operand(4)));
            case "bfi" -> {
                int bits = PtxIntegers.bits(type);
                yield (PtxFunction.Four)
                        (a, b, from, count) -> PtxIntegers.insert(a, b, (int) from & 0xff, (int) count & 0xff, bits);
            }
            case "rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh" -> {
                if (!real) {
                    throw PtxIntegers.unknown();
                }
                yield PtxFloats.one(s);
            }
            case "abs", "neg" -> real ? PtxFloats.one(s) : PtxIntegers.one(s.base(), type);
            case "not", "cnot", "popc", "clz", "brev", "bfind" -> {
                if (s.has("shiftamt")) {
                    throw PtxIntegers.unknown();
                }
                yield PtxIntegers.one(s.base(), type);
            }
            case "copysign" -> PtxFloats.two(s);
            default -> real ? PtxFloats.two(s) : integer(s, type);
        };
    }

    private static PtxFunction integer(PtxEntry.Statement s, String type) {
        if (s.opcode().size() > 2) { // carries, saturation
            throw PtxIntegers.unknown();
        }
        return PtxIntegers.two(s.base(), type);
    }

    /** Between addresses of a space and generic ones. */
    private static PtxFunction.One window(PtxEntry.Statement s) {
        long window = s.has("shared") ? PtxAccess.SHARED_WINDOW : s.has("local") ? PtxAccess.LOCAL_WINDOW : 0;
        if (s.has("param")) {
            throw PtxIntegers.unknown();
        }
        return s.has("to") ? a -> a - window : a -> window == 0 ? a : (a & 0xffff_ffffL) + window;
    }

    /** One of two values, by a comparison, perhaps together with a predicate. */
    private static PtxFunction compare(PtxEntry.Statement s, long yes, long no) {
        if (s.operand(0).contains("|")) {
            throw PtxIntegers.unknown();
        }
        PtxFunction.Two holds = relation(s.opcode().get(1), s);
        String combined = s.opcode().get(2);
        boolean flip = s.operands().size() > 3 && s.operand(3).startsWith("!");
        return switch (combined) {
            case "and", "or", "xor" -> {
                if (flip) {
                    throw PtxIntegers.unknown();
                }
                PtxFunction.Two join = PtxIntegers.two(combined, "b64");
                yield (PtxFunction.Three) (a, b, c) -> join.of(holds.of(a, b), c & 1) != 0 ? yes : no;
            }
            default -> (PtxFunction.Two) (a, b) -> holds.of(a, b) != 0 ? yes : no;
        };
    }

    private static PtxFunction.Two relation(String name, PtxEntry.Statement s) {
        String type = s.type();
        if (type.equals("f32") || type.equals("f64")) {
            PtxFloats.Comparison c = PtxFloats.comparison(name);
            PtxFunction.One in = PtxFloats.before(s);
            return type.equals("f64")
                    ? (a, b) -> c.holds(PtxFloats.wide(a), PtxFloats.wide(b)) ? 1 : 0
                    : (a, b) -> c.holds(PtxFloats.real(in.of(a)), PtxFloats.real(in.of(b))) ? 1 : 0;
        }
        PtxFunction.One x = PtxIntegers.value(type);
        // Without a sign, numbers of 64 bits are in order once their upper bits are turned.
        long turn = type.equals("u64") || (type.equals("b64") && name.matches("l[os]|h[is]")) ? Long.MIN_VALUE : 0;
        return switch (name) {
            case "eq" -> (a, b) -> x.of(a) == x.of(b) ? 1 : 0;
            case "ne" -> (a, b) -> x.of(a) != x.of(b) ? 1 : 0;
            case "lt", "lo" -> (a, b) -> (x.of(a) ^ turn) < (x.of(b) ^ turn) ? 1 : 0;
            case "le", "ls" -> (a, b) -> (x.of(a) ^ turn) <= (x.of(b) ^ turn) ? 1 : 0;
            case "gt", "hi" -> (a, b) -> (x.of(a) ^ turn) > (x.of(b) ^ turn) ? 1 : 0;
            case "ge", "hs" -> (a, b) -> (x.of(a) ^ turn) >= (x.of(b) ^ turn) ? 1 : 0;
            default -> throw PtxIntegers.unknown();
        };
    }

    /** A wide register taken apart, lowest bits first. */
    private static final class Unpack extends PtxOp {
        private final int[] targets;
        private final int source;
        private final int bits;

        Unpack(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            List<String> parts = PtxOperands.list(s.operand(0));
            targets = parts.stream().mapToInt(operands::target).toArray();
            source = operands.value(s.operand(1));
            bits = partBits(s, parts.size());
        }

        @Override
        void run(PtxWarp warp) {
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long all = warp.registers[source][lane];
                for (int i = 0; i < targets.length; i++) {
                    warp.registers[targets[i]][lane] = all >>> i * bits & (1L << bits) - 1;
                }
            }
        }
    }

    /** Registers put together, lowest bits first. */
    private static final class Pack extends PtxOp {
        private final int target;
        private final int[] sources;
        private final int bits;

        Pack(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            List<String> parts = PtxOperands.list(s.operand(1));
            sources = parts.stream().mapToInt(operands::value).toArray();
            target = operands.target(s.operand(0));
            bits = partBits(s, parts.size());
        }

        @Override
        void run(PtxWarp warp) {
            for (int rest = warp.mask; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long all = 0;
                for (int i = 0; i < sources.length; i++) {
                    all |= (warp.registers[sources[i]][lane] & (1L << bits) - 1) << i * bits;
                }
                warp.registers[target][lane] = all;
            }
        }
    }

    private static int partBits(PtxEntry.Statement s, int parts) {
        int bits = PtxIntegers.bits(s.type());
        if (parts < 2 || bits % parts != 0) {
            throw new NativeException("it has " + parts + " parts of " + bits + " bits");
        }
        return bits / parts;
    }
}
