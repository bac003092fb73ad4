package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;

/** str.format: {@code '{} {name!r:>8}'}. Its fields reach what the expressions of a template reach, and no more. */
final class BraceFormat {
    private final Args args;
    private final Budget budget;

    /** The next field without a number. */
    private int next;

    private boolean numbered;

    private BraceFormat(Args args, Budget budget) {
        this.args = args;
        this.budget = budget;
    }

    static String format(String template, Args args, Budget budget) {
        return new BraceFormat(args, budget).format(template, 2);
    }

    private String format(String template, int depth) {
        if (depth == 0) {
            throw new Failure("a format is nested too deep");
        }
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < template.length()) {
            char c = template.charAt(at);
            boolean doubled = at + 1 < template.length() && template.charAt(at + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                at += 2;
            } else if (c == '{') {
                int end = end(template, at + 1);
                out.append(field(template.substring(at + 1, end), depth));
                at = end + 1;
            } else if (c == '}') {
                throw new Failure("a format has a single '}'");
            } else {
                out.append(c);
                at++;
            }
            budget.spend(1);
            Budget.check(out.length());
        }
        return out.toString();
    }

    private static int end(String template, int from) {
        int open = 1;
        for (int i = from; i < template.length(); i++) {
            open += template.charAt(i) == '{' ? 1 : template.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw new Failure("a format has a single '{'");
    }

    private String field(String field, int depth) {
        int name = 0;
        while (name < field.length() && field.charAt(name) != '!' && field.charAt(name) != ':') {
            name = field.charAt(name) == '[' ? Math.max(name, field.indexOf(']', name)) + 1 : name + 1;
        }
        Object value = value(field.substring(0, name));
        String rest = field.substring(name);
        if (rest.startsWith("!")) {
            boolean known = rest.length() > 1 && "rsa".indexOf(rest.charAt(1)) >= 0;
            if (!known || (rest.length() > 2 && rest.charAt(2) != ':')) {
                throw new Failure("a format has an unknown conversion in '" + field + "'");
            }
            value = converted(value, rest.charAt(1));
            rest = rest.substring(2);
        }
        String spec = rest.isEmpty() ? "" : format(rest.substring(1), depth - 1);
        return FormatSpec.parse(spec).format(value, budget);
    }

    private String converted(Object value, char how) {
        return how == 's' ? Values.text(value, budget) : Values.repr(value, how == 'a', budget);
    }

    private Object value(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        Object value = first(name.substring(0, end));
        int at = end;
        while (at < name.length()) {
            boolean item = name.charAt(at) == '[';
            int to = item ? name.indexOf(']', at) : at + 1;
            while (!item && to < name.length() && name.charAt(to) != '.' && name.charAt(to) != '[') {
                to++;
            }
            if (to < 0 || to == at + 1) {
                throw new Failure("a format has an empty or open name in '" + name + "'");
            }
            String key = name.substring(at + 1, to);
            value = item
                    ? Items.item(value, isNumber(key) ? (Object) Long.parseLong(key) : key, budget)
                    : Items.attribute(value, key, budget);
            at = item ? to + 1 : to;
        }
        return value;
    }

    private static boolean isNumber(String text) {
        return text.matches("\\d{1,9}");
    }

    private Object first(String name) {
        if (!name.isEmpty() && !isNumber(name)) {
            Object value = args.named().get(name);
            if (value == null) {
                throw new Failure("a format names '" + name + "', which it is not given");
            }
            return value;
        }
        if (name.isEmpty() ? numbered : next > 0) {
            throw new Failure("a format mixes fields with and without numbers");
        }
        numbered |= !name.isEmpty();
        int index = name.isEmpty() ? next++ : Integer.parseInt(name);
        if (index >= args.positional().size()) {
            throw new Failure("a format has a field " + index + ", and "
                    + args.positional().size() + " values");
        }
        return args.positional().get(index);
    }
}
