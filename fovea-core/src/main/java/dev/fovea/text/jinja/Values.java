package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of a template and what Python does with them: {@code Boolean}, {@code Long}, {@code Double}, {@code String},
 * {@code List}, {@code Map} and the types here. There is no null among them.
 */
final class Values {

    /** Python's None. */
    enum None {
        NONE
    }

    /** What a name or key that is not there gives; whatever is done with it but printing and asking is an error. */
    record Undefined(String reason) {
        Failure failure() {
            return new Failure(reason);
        }

        /** One is like another. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Undefined;
        }

        @Override
        public int hashCode() {
            return 1;
        }
    }

    /** @param names of the items, where they can be asked for as attributes too; empty where they cannot */
    record Tuple(List<Object> items, List<String> names) {
        Tuple(List<Object> items) {
            this(items, List.of());
        }
    }

    /** Only its attributes can be assigned to, from inside loops too. */
    static final class Namespace {
        private final Map<Object, Object> attributes;

        Namespace(Map<Object, Object> attributes) {
            this.attributes = attributes;
        }

        Map<Object, Object> attributes() {
            return attributes;
        }
    }

    interface Callable {
        Object call(Args args);
    }

    /** A value with named attributes of its own, such as {@code loop}. */
    interface Attributes {
        @Nullable
        Object attribute(String name);
    }

    private Values() {}

    /** A value from outside: numbers widened, null turned to None, objects that are no JSON to their type's name. */
    static Object of(@Nullable Object value, Budget budget) {
        budget.enter();
        Object result = switch (value) {
            case null -> None.NONE;
            case Boolean b -> b;
            case Double d -> d;
            case Float f -> f.doubleValue();
            case BigInteger big -> big.bitLength() < 64 ? (Object) big.longValue() : big;
            case Number n -> n.longValue();
            case CharSequence text -> text.toString();
            case Map<?, ?> map -> {
                Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((k, v) -> copy.put(Items.key(of(k, budget)), of(v, budget)));
                yield copy;
            }
            case Iterable<?> items -> {
                List<Object> copy = new ArrayList<>();
                items.forEach(item -> copy.add(of(item, budget)));
                yield copy;
            }
            default -> "<" + value.getClass().getSimpleName() + ">";
        };
        budget.leave();
        return result;
    }

    static boolean isTrue(Object value) {
        return switch (value) {
            case Boolean b -> b;
            case None _, Undefined _ -> false;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Tuple tuple -> !tuple.items().isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            default -> true;
        };
    }

    /** Python's name of the type, for messages. */
    static String type(Object value) {
        return switch (value) {
            case None _ -> "NoneType";
            case Boolean _ -> "bool";
            case Long _, BigInteger _ -> "int";
            case Double _ -> "float";
            case String _ -> "str";
            case List<?> _ -> "list";
            case Tuple _ -> "tuple";
            case Map<?, ?> _ -> "dict";
            default -> value.getClass().getSimpleName();
        };
    }

    /** Python's str(). */
    static String text(Object value, Budget budget) {
        return switch (value) {
            case String s -> s;
            case Undefined _ -> "";
            default -> {
                StringBuilder out = new StringBuilder();
                repr(value, out, budget);
                yield out.toString();
            }
        };
    }

    /** @param ascii whether what is beyond ASCII is written by its code */
    static String repr(Object value, boolean ascii, Budget budget) {
        StringBuilder out = new StringBuilder();
        repr(value, out, budget);
        return ascii ? Strings.ascii(out.toString()) : out.toString();
    }

    /** Python's repr(). */
    private static void repr(Object value, StringBuilder out, Budget budget) {
        budget.enter();
        Budget.check(out.length());
        switch (value) {
            case None _ -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Double d -> out.append(Numbers.repr(d));
            case Long _, BigInteger _ -> out.append(value);
            case String s -> {
                budget.spend(s.length());
                Strings.repr(s, out);
            }
            case Undefined _ -> out.append("Undefined");
            case List<?> list -> reprAll(list, "[", "]", out, budget);
            case Tuple tuple -> reprAll(tuple.items(), "(", tuple.items().size() == 1 ? ",)" : ")", out, budget);
            case Map<?, ?> map -> reprMap(map, out, budget);
            case Namespace namespace -> {
                out.append("<Namespace ");
                reprMap(namespace.attributes(), out, budget);
                out.append('>');
            }
            default -> out.append('<').append(type(value)).append('>');
        }
        budget.leave();
    }

    private static void reprAll(List<?> items, String open, String close, StringBuilder out, Budget budget) {
        String separator = open;
        for (Object item : items) {
            out.append(separator);
            repr(item, out, budget);
            separator = ", ";
        }
        out.append(items.isEmpty() ? open : "").append(close);
    }

    private static void reprMap(Map<?, ?> map, StringBuilder out, Budget budget) {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            repr(entry.getKey(), out, budget);
            out.append(": ");
            repr(entry.getValue(), out, budget);
            separator = ", ";
        }
        out.append(map.isEmpty() ? "{}" : "}");
    }

    static boolean equal(Object a, Object b, Budget budget) {
        budget.enter();
        boolean equal;
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            equal = Numbers.compare(a, b) == 0;
        } else if (a instanceof List<?> x && b instanceof List<?> y) {
            equal = allEqual(x, y, budget);
        } else if (a instanceof Tuple x && b instanceof Tuple y) {
            equal = allEqual(x.items(), y.items(), budget);
        } else if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            equal = x.size() == y.size()
                    && x.entrySet().stream().allMatch(e -> {
                        Object other = y.get(e.getKey());
                        return other != null && equal(e.getValue(), other, budget);
                    });
        } else if (a instanceof String x && b instanceof String y) {
            budget.spend(Math.min(x.length(), y.length()));
            equal = x.equals(y);
        } else {
            // Python compares other objects by identity, which is what equals does for None, namespaces and functions
            // here.
            equal = a instanceof Undefined ? b instanceof Undefined : a.equals(b);
        }
        budget.leave();
        return equal;
    }

    private static boolean allEqual(List<?> a, List<?> b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!equal(a.get(i), b.get(i), budget)) {
                return false;
            }
        }
        return true;
    }

    /** The order of two numbers, texts or lists. */
    static int compare(Object a, Object b, Budget budget) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.compare(a, b);
        }
        if (a instanceof String x && b instanceof String y) {
            budget.spend(Math.min(x.length(), y.length()));
            return Strings.compare(x, y);
        }
        boolean lists = (a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple);
        if (!lists) {
            refuse(a);
            refuse(b);
            throw new Failure("cannot order a " + type(a) + " and a " + type(b));
        }
        budget.enter();
        List<Object> x = Items.of(a);
        List<Object> y = Items.of(b);
        int order = Integer.compare(x.size(), y.size());
        for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
            if (!equal(x.get(i), y.get(i), budget)) {
                order = compare(x.get(i), y.get(i), budget);
                break;
            }
        }
        budget.leave();
        return order;
    }

    /** @throws Failure where the value is undefined */
    static void refuse(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
    }
}
