package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import dev.fovea.text.jinja.Values.Undefined;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The tests behind {@code is}. */
final class Tests {
    interface Test {
        boolean apply(Object value, Args args, Budget budget);
    }

    private interface Relation {
        boolean holds(Object value, Object other, Budget budget);
    }

    private static final Map<String, Test> TESTS = Map.ofEntries(
            Map.entry("defined", plain(v -> !(v instanceof Undefined))),
            Map.entry("undefined", plain(v -> v instanceof Undefined)),
            Map.entry("none", plain(v -> v == None.NONE)),
            Map.entry("true", plain(v -> Boolean.TRUE.equals(v))),
            Map.entry("false", plain(v -> Boolean.FALSE.equals(v))),
            Map.entry("boolean", plain(v -> v instanceof Boolean)),
            Map.entry("integer", plain(v -> v instanceof Long || v instanceof BigInteger)),
            Map.entry("float", plain(v -> v instanceof Double)),
            Map.entry("number", plain(v -> v instanceof Number || v instanceof Boolean)),
            Map.entry("string", plain(v -> v instanceof String)),
            Map.entry("mapping", plain(v -> v instanceof Map)),
            Map.entry("sequence", plain(Tests::isSequence)),
            Map.entry("iterable", plain(Tests::isSequence)),
            Map.entry("callable", plain(v -> v instanceof Callable || v instanceof Undefined)),
            Map.entry("lower", (v, args, b) -> isCase(Values.text(v, b), Strings::lower)),
            Map.entry("upper", (v, args, b) -> isCase(Values.text(v, b), Strings::upper)),
            Map.entry("odd", plain(v -> remainder(v, 2L) == 1)),
            Map.entry("even", plain(v -> remainder(v, 2L) == 0)),
            Map.entry("divisibleby", relation((v, o, b) -> remainder(v, o) == 0)),
            Map.entry("sameas", relation((v, o, b) -> same(v, o))),
            Map.entry("in", relation((v, o, b) -> Items.contains(o, v, b))),
            Map.entry("eq", relation(Values::equal)),
            Map.entry("equalto", relation(Values::equal)),
            Map.entry("==", relation(Values::equal)),
            Map.entry("!=", relation((v, o, b) -> !Values.equal(v, o, b))),
            Map.entry("<", relation((v, o, b) -> Values.compare(v, o, b) < 0)),
            Map.entry("<=", relation((v, o, b) -> Values.compare(v, o, b) <= 0)),
            Map.entry(">", relation((v, o, b) -> Values.compare(v, o, b) > 0)),
            Map.entry(">=", relation((v, o, b) -> Values.compare(v, o, b) >= 0)),
            Map.entry("escaped", plain(v -> false)),
            Map.entry("filter", plain(v -> v instanceof String name && Filters.exists(name))),
            Map.entry("test", plain(v -> v instanceof String name && exists(name))),
            Map.entry("ne", relation((v, o, b) -> !Values.equal(v, o, b))),
            Map.entry("lt", relation((v, o, b) -> Values.compare(v, o, b) < 0)),
            Map.entry("lessthan", relation((v, o, b) -> Values.compare(v, o, b) < 0)),
            Map.entry("le", relation((v, o, b) -> Values.compare(v, o, b) <= 0)),
            Map.entry("gt", relation((v, o, b) -> Values.compare(v, o, b) > 0)),
            Map.entry("greaterthan", relation((v, o, b) -> Values.compare(v, o, b) > 0)),
            Map.entry("ge", relation((v, o, b) -> Values.compare(v, o, b) >= 0)));

    private Tests() {}

    static boolean exists(String name) {
        return TESTS.containsKey(name);
    }

    static boolean apply(String name, Object value, Args args, Budget budget) {
        Test test = TESTS.get(name);
        if (test == null) {
            throw new Failure("there is no test '" + name + "'");
        }
        return test.apply(value, args, budget);
    }

    private static Test plain(Predicate<Object> predicate) {
        return (value, args, budget) -> {
            args.bind();
            return predicate.test(value);
        };
    }

    private static Test relation(Relation relation) {
        return (value, args, budget) -> relation.holds(value, args.bind("other").required("other"), budget);
    }

    private static double remainder(Object value, Object by) {
        return Numbers.real(Numbers.binary("%", value, by, new Budget()));
    }

    private static boolean isSequence(Object value) {
        return value instanceof String
                || value instanceof List
                || value instanceof Tuple
                || value instanceof Map
                || value instanceof Undefined;
    }

    private static boolean isCase(String text, UnaryOperator<String> convert) {
        return !Strings.lower(text).equals(Strings.upper(text)) && text.equals(convert.apply(text));
    }

    /** Whether Python would find one object: it has one of each small number and name, and of None, True and False. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean same(Object a, Object b) {
        boolean scalar = a instanceof Boolean || a instanceof Long || a instanceof String || a instanceof None;
        return scalar ? a.equals(b) : a == b;
    }
}
