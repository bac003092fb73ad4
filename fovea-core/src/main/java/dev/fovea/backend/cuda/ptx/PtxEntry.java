package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A kernel as its text has it; scopes within its body are dissolved.
 *
 * @param most threads that a block may have
 * @param parameters offset of each in the arguments
 * @param labels the statement that each stands before
 * @param targets lists of labels, by the label of the list
 * @param registers those whose names do not begin with %
 */
record PtxEntry(
        String name,
        int most,
        Map<String, Integer> parameters,
        int parameterBytes,
        List<Statement> statements,
        Map<String, Integer> labels,
        Map<String, List<String>> targets,
        Map<String, PtxSource.Variable> variables,
        Set<String> registers) {
    private static final Pattern PARAMETER =
            Pattern.compile("\\.param\\s+(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)(?:\\[(\\d+)\\])?");
    private static final Pattern THREADS = Pattern.compile("\\.(?:max|req)ntid\\s+(\\d+)");
    private static final Pattern STATEMENT =
            Pattern.compile("(?:@(!?)(%?[\\w$]+)\\s+)?([\\w.:]+)\\s*(.*)", Pattern.DOTALL);
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    /**
     * An instruction.
     *
     * @param guard the predicate that it depends on, or an empty string
     * @param opcode its parts between dots, without hints to the caches
     */
    record Statement(String text, String guard, boolean negated, List<String> opcode, List<String> operands) {
        /** What kind of instruction. */
        String base() {
            return opcode.getFirst();
        }

        /** The last part of the opcode, of most instructions the type of their operands. */
        String type() {
            return opcode.getLast();
        }

        boolean has(String part) {
            return opcode.contains(part);
        }

        String operand(int i) {
            if (i >= operands.size()) {
                throw new NativeException("it has " + operands.size() + " operands, expected more");
            }
            return operands.get(i);
        }
    }

    /** Whether another statement than the next may come after one. */
    boolean jumps(int statement) {
        return switch (statements.get(statement).base()) {
            case "bra", "brx", "ret", "exit" -> true;
            default -> false;
        };
    }

    /** Which statements may come after one; the number of statements stands for the end. */
    IntStream after(int statement) {
        Statement s = statements.get(statement);
        IntStream next = jumps(statement) && s.guard.isEmpty() ? IntStream.empty() : IntStream.of(statement + 1);
        List<String> jumps = switch (s.base()) {
            case "bra" -> List.of(s.operand(0));
            case "brx" -> targets.getOrDefault(s.operand(1), List.of());
            default -> List.of();
        };
        return IntStream.concat(next, jumps.stream().mapToInt(this::label));
    }

    /** The statement that a label stands before. */
    int label(String name) {
        Integer at = labels.get(name);
        if (at == null) {
            throw new NativeException("there is no label " + name);
        }
        return at;
    }

    static PtxEntry parse(String name, String parameterList, String directives, String text) {
        Map<String, Integer> parameters = new HashMap<>();
        int bytes = 0;
        Matcher parameter = PARAMETER.matcher(parameterList);
        while (parameter.find()) {
            int size = PtxSource.bytes(parameter.group(2));
            int alignment = parameter.group(1) == null ? size : Integer.parseInt(parameter.group(1));
            int count = parameter.group(4) == null ? 1 : Integer.parseInt(parameter.group(4));
            bytes = (bytes + alignment - 1) & -alignment;
            parameters.put(parameter.group(3), bytes);
            bytes += size * count;
        }
        Matcher threads = THREADS.matcher(directives);
        int most = threads.find() ? Integer.parseInt(threads.group(1)) : 1024;
        Body body = new Body();
        body.read(text);
        return new PtxEntry(
                name,
                most,
                parameters,
                bytes,
                body.statements,
                body.labels,
                body.targets,
                PtxSource.variables(body.declarations),
                body.registers);
    }

    private static final class Body {
        private final List<Statement> statements = new ArrayList<>();
        private final Map<String, Integer> labels = new HashMap<>();
        private final Map<String, List<String>> targets = new HashMap<>();
        private final Set<String> registers = new HashSet<>();
        private final StringBuilder declarations = new StringBuilder();
        private String label = "";

        void read(String text) {
            int start = 0;
            for (int at = 0; at < text.length(); at++) {
                char c = text.charAt(at);
                if ((c == '{' || c == '}') && text.substring(start, at).isBlank()) {
                    start = at + 1; // a scope, and no list of operands
                } else if (c == ':' && text.charAt(at + 1) != ':' && text.charAt(at - 1) != ':') {
                    label(text.substring(start, at).strip());
                    start = at + 1;
                } else if (c == ';') {
                    statement(text.substring(start, at).strip());
                    start = at + 1;
                }
            }
        }

        private void label(String name) {
            label = name;
            if (labels.put(name, statements.size()) != null) {
                throw new NativeException("PTX has the label " + name + " twice in an entry");
            }
        }

        private void statement(String s) {
            if (s.startsWith(".branchtargets")) {
                targets.put(
                        label,
                        List.of(s.substring(".branchtargets".length()).strip().split("\\s*,\\s*")));
            } else if (s.startsWith(".reg")) {
                Stream.of(s.split("[\\s,]+"))
                        .filter(name -> !name.startsWith(".") && !name.startsWith("%"))
                        .forEach(registers::add);
            } else if (s.startsWith(".")) {
                declarations.append(s).append(";\n");
            } else if (!s.isEmpty()) {
                statements.add(instruction(s));
            }
        }

        private static Statement instruction(String s) {
            Matcher m = STATEMENT.matcher(s);
            if (!m.matches()) {
                throw new NativeException("PTX has `" + s + "`, which is no instruction");
            }
            List<String> opcode = new ArrayList<>();
            for (String part : m.group(3).split("\\.")) {
                if (!part.contains("::")) {
                    opcode.add(part);
                }
            }
            String guard = m.group(2) == null ? "" : m.group(2);
            String text = BLANKS.matcher(s).replaceAll(" ");
            return new Statement(text, guard, "!".equals(m.group(1)), opcode, operands(m.group(4)));
        }

        /** Between commas, but those in braces and brackets. */
        private static List<String> operands(String s) {
            List<String> operands = new ArrayList<>();
            int depth = 0;
            int start = 0;
            for (int i = 0; i < s.length(); i++) {
                char c = s.charAt(i);
                depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
                if (c == ',' && depth == 0) {
                    operands.add(s.substring(start, i).strip());
                    start = i + 1;
                }
            }
            if (!s.isBlank()) {
                operands.add(s.substring(start).strip());
            }
            return operands;
        }
    }
}
