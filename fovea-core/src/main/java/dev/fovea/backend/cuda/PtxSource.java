package dev.fovea.backend.cuda;

import dev.fovea.error.NativeException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The text of a PTX module, taken apart: its entries with their statements, and its variables.
 *
 * @param entries by name
 * @param variables those outside of entries, by name
 */
record PtxSource(Map<String, Entry> entries, Map<String, Variable> variables) {
    private static final Pattern COMMENT = Pattern.compile("//[^\\n]*|(?s:/\\*.*?\\*/)");
    private static final Pattern ENTRY =
            Pattern.compile("\\.entry\\s+([\\w$]+)\\s*(?:\\(([^)]*)\\))?([^{;]*)\\{", Pattern.DOTALL);
    private static final Pattern PARAMETER =
            Pattern.compile("\\.param\\s+(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)(?:\\[(\\d+)\\])?");
    private static final Pattern VARIABLE = Pattern.compile(
            "(\\.extern\\s+)?\\.(global|const|shared|local)\\s+"
                    + "(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)((?:\\[\\d*\\])*)(?:\\s*=\\s*\\{?([^};]*)\\}?)?\\s*(?:;|$)");
    private static final Pattern THREADS = Pattern.compile("\\.(?:max|req)ntid\\s+(\\d+)");
    private static final Pattern STATEMENT =
            Pattern.compile("(?:@(!?)(%?[\\w$]+)\\s+)?([\\w.:]+)\\s*(.*)", Pattern.DOTALL);

    /**
     * A kernel.
     *
     * @param most threads that a block may have
     * @param parameters offset of each in the arguments
     * @param labels the statement that each stands before
     * @param targets lists of labels, by the label of the list
     * @param registers those whose names look like others
     */
    record Entry(
            String name,
            int most,
            Map<String, Integer> parameters,
            int parameterBytes,
            List<Statement> statements,
            Map<String, Integer> labels,
            Map<String, List<String>> targets,
            Map<String, Variable> variables,
            Set<String> registers) {}

    /** A variable of the state space {@code space}; external where its size is given by the launch. */
    record Variable(String space, boolean external, int alignment, byte[] content, boolean initialised) {}

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
                throw new NativeException("`" + text + "` has " + operands.size() + " operands, expected more");
            }
            return operands.get(i);
        }
    }

    static PtxSource parse(String ptx) {
        String text = COMMENT.matcher(ptx.replace('\0', ' ')).replaceAll(" ");
        Map<String, Entry> entries = new LinkedHashMap<>();
        StringBuilder outside = new StringBuilder();
        Matcher entry = ENTRY.matcher(text);
        int at = 0;
        while (entry.find(at)) {
            outside.append(text, at, entry.start());
            Body body = new Body(text, entry.end());
            at = body.read();
            entries.put(entry.group(1), entry(entry, body));
        }
        outside.append(text, at, text.length());
        return new PtxSource(entries, variables(outside));
    }

    private static Entry entry(Matcher header, Body body) {
        Map<String, Integer> parameters = new HashMap<>();
        int bytes = 0;
        Matcher parameter = PARAMETER.matcher(header.group(2) == null ? "" : header.group(2));
        while (parameter.find()) {
            int size = bytes(parameter.group(2));
            int alignment = parameter.group(1) == null ? size : Integer.parseInt(parameter.group(1));
            int count = parameter.group(4) == null ? 1 : Integer.parseInt(parameter.group(4));
            bytes = (bytes + alignment - 1) & -alignment;
            parameters.put(parameter.group(3), bytes);
            bytes += size * count;
        }
        Matcher threads = THREADS.matcher(header.group(3));
        int most = threads.find() ? Integer.parseInt(threads.group(1)) : 1024;
        return new Entry(
                header.group(1),
                most,
                parameters,
                bytes,
                body.statements,
                body.labels,
                body.targets,
                variables(body.declarations),
                body.registers);
    }

    private static Map<String, Variable> variables(CharSequence declarations) {
        Map<String, Variable> variables = new LinkedHashMap<>();
        Matcher m = VARIABLE.matcher(declarations);
        while (m.find()) {
            int size = bytes(m.group(4));
            int count = 1;
            for (String extent : m.group(6).replace("[", "").split("\\]")) {
                count *= extent.isEmpty() ? 1 : Integer.parseInt(extent);
            }
            byte[] content = new byte[m.group(1) == null ? size * count : 0];
            boolean initialised = m.group(7) != null;
            if (initialised) {
                fill(ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN), size, m.group(7));
            }
            int alignment = m.group(3) == null ? size : Integer.parseInt(m.group(3));
            variables.put(m.group(5), new Variable(m.group(2), m.group(1) != null, alignment, content, initialised));
        }
        return variables;
    }

    private static void fill(ByteBuffer content, int size, String values) {
        for (String value : values.split(",")) {
            long bits = PtxOperands.literal(value.strip());
            for (int i = 0; i < size; i++) {
                content.put((byte) (bits >> 8 * i));
            }
        }
    }

    /** Bytes of a value: of {@code f32} 4. */
    static int bytes(String type) {
        return switch (type) {
            case "b8", "u8", "s8", "pred" -> 1;
            case "b16", "u16", "s16", "f16", "bf16" -> 2;
            case "b32", "u32", "s32", "f32", "f16x2", "bf16x2" -> 4;
            case "b64", "u64", "s64", "f64" -> 8;
            default -> throw new NativeException("PTX has the type ." + type + ", which the interpreter does not know");
        };
    }

    /** What stands between the braces of an entry; scopes within are dissolved. */
    private static final class Body {
        private final String text;
        private final List<Statement> statements = new ArrayList<>();
        private final Map<String, Integer> labels = new HashMap<>();
        private final Map<String, List<String>> targets = new HashMap<>();
        private final Set<String> registers = new HashSet<>();
        private final StringBuilder declarations = new StringBuilder();
        private int at;
        private String label = "";

        Body(String text, int at) {
            this.text = text;
            this.at = at;
        }

        /** Reads all of it; answers where it ends. */
        int read() {
            int depth = 1;
            int start = at;
            while (at < text.length()) {
                char c = text.charAt(at++);
                if ((c == '{' || c == '}') && text.substring(start, at - 1).isBlank()) {
                    depth += c == '{' ? 1 : -1;
                    start = at;
                    if (depth == 0) {
                        return at;
                    }
                } else if (c == ':' && text.charAt(at) != ':' && text.charAt(at - 2) != ':') {
                    label = text.substring(start, at - 1).strip();
                    if (labels.put(label, statements.size()) != null) {
                        throw new NativeException("PTX has the label " + label + " twice in an entry");
                    }
                    start = at;
                } else if (c == ';') {
                    statement(text.substring(start, at - 1).strip());
                    start = at;
                }
            }
            throw new NativeException("PTX ends in the middle of an entry");
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
            return new Statement(
                    s.replaceAll("\\s+", " "), guard, "!".equals(m.group(1)), opcode, operands(m.group(4)));
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
