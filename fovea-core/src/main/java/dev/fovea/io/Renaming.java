package dev.fovea.io;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rules that turn the tensor names of a checkpoint into the names that a model uses, since several spellings are in use
 * for each family (transformers' key mapping):
 *
 * <pre>{@code
 * Renaming names = Renaming.of("^visual", "model.visual")
 *         .then("^model(?!\\.(language_model|visual))", "model.language_model");
 * names.apply("visual.merger.ln_q.weight"); // model.visual.merger.ln_q.weight
 * }</pre>
 *
 * Every rule is applied, in order, each to the result of those before; names that no rule matches stay as they are. A {@code model.}
 * before {@code model.} or {@code lm_head.} goes first.
 */
public final class Renaming {
    /** Leaves every name as it is. */
    public static final Renaming NONE = new Renaming(List.of());

    /** Training classes that hold the whole model as their {@code model} save {@code model.model.norm.weight}. */
    private static final Pattern WRAPPER = Pattern.compile("^model\\.(?=(model|lm_head)\\.)");

    private record Rule(Pattern pattern, String replacement) {}

    private final List<Rule> rules;

    private Renaming(List<Rule> rules) {
        this.rules = rules;
    }

    /** One rule, as in {@link #then}. */
    public static Renaming of(String regex, String replacement) {
        return NONE.then(regex, replacement);
    }

    /** One rule, as in {@link #thenPrefix}. */
    public static Renaming prefix(String from, String to) {
        return NONE.thenPrefix(from, to);
    }

    /** These rules and one more, which replaces every match of a regular expression; {@code $1} stands for its first group. */
    public Renaming then(String regex, String replacement) {
        List<Rule> longer = new ArrayList<>(rules);
        longer.add(new Rule(Pattern.compile(regex), replacement));
        return new Renaming(List.copyOf(longer));
    }

    /** These rules and one more, which replaces the beginning of a name, letter by letter. */
    public Renaming thenPrefix(String from, String to) {
        return then("^" + Pattern.quote(from), Matcher.quoteReplacement(to));
    }

    /** The model's name for a stored one. */
    public String apply(String stored) {
        String name = WRAPPER.matcher(stored).replaceFirst("");
        for (Rule rule : rules) {
            name = rule.pattern.matcher(name).replaceAll(rule.replacement);
        }
        return name;
    }
}
