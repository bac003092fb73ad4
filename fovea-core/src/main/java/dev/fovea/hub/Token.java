package dev.fovea.hub;

import dev.fovea.error.OptionException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a hub knows a user by. It is never part of a text: {@link #toString} says where it comes from.
 *
 * @param source where it comes from, for messages: {@code HF_TOKEN}
 */
record Token(String value, String source) {
    /** Without the spaces and line ends that editors and shells put around it; empty where nothing is left. */
    static Optional<Token> clean(String value, String source) {
        String clean = value.replace("\r", "").replace("\n", "").strip();
        if (!clean.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new OptionException("the token of " + source + " has characters that no token has; copy it again");
        }
        return clean.isEmpty() ? Optional.empty() : Optional.of(new Token(clean, source));
    }

    /** The tokens of an INI file by the names of their sections. */
    static Map<String, String> stored(String ini) {
        Map<String, String> tokens = new LinkedHashMap<>();
        String section = "";
        for (String line : ini.lines().map(String::strip).toList()) {
            if (line.startsWith("[") && line.endsWith("]")) {
                section = line.substring(1, line.length() - 1);
            } else if (line.matches("hf_token\\s*[=:].*")) {
                tokens.put(section, line.replaceFirst("hf_token\\s*[=:]\\s*", ""));
            }
        }
        return tokens;
    }

    @Override
    public String toString() {
        return "the token of " + source;
    }
}
