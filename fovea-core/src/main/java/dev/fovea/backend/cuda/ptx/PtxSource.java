package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text of a PTX module: its entries, each read when it is asked for, and its variables. */
final class PtxSource {
    private static final Pattern ENTRY =
            Pattern.compile("\\.entry\\s+([\\w$]+)\\s*(?:\\(([^)]*)\\))?([^{;]*)\\{", Pattern.DOTALL);
    private static final Pattern VARIABLE = Pattern.compile(
            "(\\.extern\\s+)?\\.(global|const|shared|local)\\s+"
                    + "(?:\\.align\\s+(\\d+)\\s+)?\\.(\\w+)\\s+([\\w$]+)((?:\\[\\d*\\])*)(?:\\s*=\\s*\\{?([^};]*)\\}?)?\\s*(?:;|$)");

    private final Map<String, Text> entries = new LinkedHashMap<>();
    private final Map<String, Variable> variables;

    /** What stands of an entry before its body, and in it. */
    private record Text(String parameters, String directives, String body) {}

    /** A variable of the state space {@code space}; external where its size is given by the launch. */
    record Variable(String space, boolean external, int alignment, byte[] content) {}

    PtxSource(String ptx) {
        String text = withoutComments(ptx);
        StringBuilder outside = new StringBuilder();
        Matcher entry = ENTRY.matcher(text);
        int at = 0;
        while (entry.find(at)) {
            outside.append(text, at, entry.start());
            at = end(text, entry.end());
            String parameters = entry.group(2) == null ? "" : entry.group(2);
            entries.put(entry.group(1), new Text(parameters, entry.group(3), text.substring(entry.end(), at - 1)));
        }
        variables = variables(outside.append(text, at, text.length()));
    }

    private static String withoutComments(String ptx) {
        StringBuilder text = new StringBuilder(ptx.length());
        int at = 0;
        for (int slash = ptx.indexOf('/'); slash >= 0; slash = ptx.indexOf('/', Math.max(at, slash + 1))) {
            boolean line = ptx.startsWith("//", slash);
            if (line || ptx.startsWith("/*", slash)) {
                text.append(ptx, at, slash);
                int end = ptx.indexOf(line ? "\n" : "*/", slash);
                at = end < 0 ? ptx.length() : line ? end : end + 2;
            }
        }
        return text.append(ptx, at, ptx.length()).toString().replace('\0', ' ');
    }

    /** Behind the brace that closes the one before a place. */
    private static int end(String text, int from) {
        int depth = 1;
        int at = from;
        while (depth > 0) {
            if (at == text.length()) {
                throw new NativeException("PTX ends in the middle of an entry");
            }
            char c = text.charAt(at++);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        }
        return at;
    }

    PtxEntry entry(String name) {
        Text text = entries.get(name);
        if (text == null) {
            throw new NativeException(
                    "there is no kernel %s among %s".formatted(name, String.join(", ", entries.keySet())));
        }
        return PtxEntry.parse(name, text.parameters, text.directives, text.body);
    }

    /** Variables outside of entries, by name. */
    Map<String, Variable> variables() {
        return variables;
    }

    /** The variables that are declared, by name. */
    static Map<String, Variable> variables(CharSequence declarations) {
        Map<String, Variable> variables = new LinkedHashMap<>();
        Matcher m = VARIABLE.matcher(declarations);
        while (m.find()) {
            int size = bytes(m.group(4));
            int count = 1;
            for (String extent : m.group(6).replace("[", "").split("\\]")) {
                count *= extent.isEmpty() ? 1 : Integer.parseInt(extent);
            }
            byte[] content = new byte[m.group(1) == null ? size * count : 0];
            if (m.group(7) != null) {
                fill(content, size, m.group(7).split(","));
            }
            int alignment = m.group(3) == null ? size : Integer.parseInt(m.group(3));
            variables.put(m.group(5), new Variable(m.group(2), m.group(1) != null, alignment, content));
        }
        return variables;
    }

    private static void fill(byte[] content, int size, String[] values) {
        for (int i = 0; i < values.length; i++) {
            long bits = PtxOperands.literal(values[i].strip());
            for (int j = 0; j < size; j++) {
                content[i * size + j] = (byte) (bits >> 8 * j);
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
}
