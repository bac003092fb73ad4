package dev.fovea.text.jinja;

import dev.fovea.error.InputException;
import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.TemplateException.Raised;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A chat template.
 *
 * <pre>{@code
 * Template template = Template.parse("{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}");
 * String prompt = template.render(Map.of("messages", messages));
 * }</pre>
 *
 * <p>Immutable and thread-safe. A template is code of strangers: it reaches nothing but its variables, and what it may
 * compute is bounded.
 */
public final class Template {
    private static final int MAX_SOURCE = 1 << 20;

    private final String source;
    private final Parser.Parsed parsed;

    private Template(String source, Parser.Parsed parsed) {
        this.source = source;
        this.parsed = parsed;
    }

    /**
     * Reads a template.
     *
     * @throws InputException where the text is no Jinja of the part known here; the message has the line
     */
    public static Template parse(String source) {
        if (source.length() > MAX_SOURCE) {
            throw new InputException(
                    "the chat template has " + source.length() + " characters; at most " + MAX_SOURCE + " are allowed");
        }
        return new Template(source, Parser.parse(source));
    }

    public String source() {
        return source;
    }

    /** The names that it reads; those of its own loops, macros and assignments are among them. */
    public Set<String> names() {
        return parsed.names();
    }

    /** What it writes and compares with as it stands: its raw text, and the strings in its tags. */
    public Set<String> literals() {
        return parsed.literals();
    }

    /**
     * The text of the template with these variables: null, booleans, numbers, text, and lists and maps of them. Anything
     * else is seen as the name of its type. A variable that is absent is undefined, one that is null is None.
     *
     * @throws InputException where the template fails or gives up; what its raise_exception says comes first
     */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        Budget budget = new Budget();
        Interpreter interpreter = new Interpreter(budget);
        try {
            Map<String, Object> values = new LinkedHashMap<>();
            variables.forEach((name, value) -> values.put(name, Values.of(value, budget)));
            return interpreter.run(parsed.body(), values);
        } catch (Raised e) {
            throw TemplateException.raised(interpreter.line(), e.text());
        } catch (Failure e) {
            throw new TemplateException(interpreter.line(), e.text());
        }
    }
}
