package dev.fovea.text.bpe;

import java.text.Normalizer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Unicode's form NFC as Hugging Face's library has it, by the tables of Unicode 9: marks that came later stay where they are, and
 * nothing is put in order or composed across them.
 */
final class Composition {
    /** Below it nothing composes with anything. */
    private static final char FIRST_MARK = 0x300;

    /** What Java's newer tables reorder or compose: marks, and letters of pairs that became one. */
    private static final Pattern LATER =
            Pattern.compile("[\\x{7fd}\\x{897}-\\x{89f}\\x{8ca}-\\x{8d3}\\x{9fe}\\x{c3c}\\x{d3b}\\x{d3c}"
                    + "\\x{eba}\\x{1715}\\x{1abf}-\\x{1ace}\\x{1df6}-\\x{1dfa}\\x{a82c}\\x{105d2}\\x{105da}\\x{10d24}-\\x{10d27}"
                    + "\\x{10d69}-\\x{10d6d}\\x{10eab}\\x{10eac}\\x{10efd}-\\x{10eff}\\x{10f46}-\\x{10f50}\\x{10f82}-\\x{10f85}\\x{11070}"
                    + "\\x{1133b}\\x{11382}\\x{11384}\\x{1138b}\\x{11390}\\x{113b8}\\x{113bb}\\x{113c2}\\x{113c9}\\x{113ce}-\\x{113d0}"
                    + "\\x{1145e}\\x{11839}\\x{1183a}\\x{11930}\\x{11935}\\x{1193d}\\x{1193e}\\x{11943}\\x{119e0}\\x{11a34}\\x{11a47}\\x{11a99}"
                    + "\\x{11d42}\\x{11d44}\\x{11d45}\\x{11d97}\\x{11f41}\\x{11f42}\\x{1611e}-\\x{16120}\\x{16129}\\x{1612f}\\x{16d63}\\x{16d67}"
                    + "\\x{16ff0}\\x{16ff1}\\x{1e08f}\\x{1e130}-\\x{1e136}\\x{1e2ae}\\x{1e2ec}-\\x{1e2ef}\\x{1e4ec}-\\x{1e4ef}"
                    + "\\x{1e5ee}\\x{1e5ef}]");

    private Composition() {}

    static String of(String text) {
        if (text.chars().allMatch(c -> c < FIRST_MARK) || Normalizer.isNormalized(text, Normalizer.Form.NFC)) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        Matcher later = LATER.matcher(text);
        int from = 0;
        while (later.find()) {
            out.append(Normalizer.normalize(text.substring(from, later.start()), Normalizer.Form.NFC))
                    .append(later.group());
            from = later.end();
        }
        return out.append(Normalizer.normalize(text.substring(from), Normalizer.Form.NFC))
                .toString();
    }
}
