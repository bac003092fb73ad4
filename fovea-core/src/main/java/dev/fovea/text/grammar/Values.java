package dev.fovea.text.grammar;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a set of schemas that must all hold says about a value: its type, and within a type. */
record Values(Set<Schema> all) {
    enum Type {
        NULL,
        BOOLEAN,
        INTEGER,
        /** Any number: with {@link #INTEGER} a number is allowed, without it there is none of its own. */
        NUMBER,
        STRING,
        ARRAY,
        OBJECT
    }

    private static final Set<String> OF_OBJECTS = Set.of("properties", "required", "additionalProperties");
    private static final Set<String> OF_ARRAYS = Set.of("items", "prefixItems", "minItems", "maxItems");
    private static final int MAX_MULTIPLE = 10_000;

    /** Those of the schemas that say something about objects: the identity of a rule. */
    Values ofObjects() {
        return with(OF_OBJECTS);
    }

    Values ofArrays() {
        return with(OF_ARRAYS);
    }

    private Values with(Set<String> keywords) {
        Set<Schema> some = new LinkedHashSet<>(all);
        some.removeIf(s -> !s.hasAny(keywords));
        return new Values(some);
    }

    Set<Type> types() {
        Set<Type> types = EnumSet.allOf(Type.class);
        for (Schema schema : all) {
            if (schema.has("type")) {
                Set<Type> named = EnumSet.noneOf(Type.class);
                schema.strings("type").forEach(name -> named.add(type(name, schema)));
                if (named.contains(Type.NUMBER)) {
                    named.add(Type.INTEGER);
                }
                types.retainAll(named);
            }
        }
        return types;
    }

    private static Type type(String name, Schema schema) {
        for (Type type : Type.values()) {
            if (type.name().toLowerCase(Locale.ROOT).equals(name)) {
                return type;
            }
        }
        throw schema.problem("has the type " + Quote.of(name)
                + "; expected null, boolean, integer, number, string, array or object");
    }

    /** The values that enum and const leave; empty where there is neither. */
    Optional<List<@Nullable Object>> literals() {
        Optional<List<@Nullable Object>> result = Optional.empty();
        for (Schema schema : all) {
            if (schema.has("enum")) {
                result = common(result, schema.list("enum"));
            }
            if (schema.has("const")) {
                List<@Nullable Object> one = new ArrayList<>();
                one.add(schema.get("const"));
                result = common(result, one);
            }
        }
        return result.map(literals -> {
            List<@Nullable Object> valid = new ArrayList<>(literals);
            valid.removeIf(literal -> !isValid(literal));
            return valid;
        });
    }

    private static Optional<List<@Nullable Object>> common(
            Optional<List<@Nullable Object>> before, List<@Nullable Object> now) {
        if (before.isEmpty()) {
            return Optional.of(now);
        }
        List<@Nullable Object> both = new ArrayList<>(before.get());
        both.removeIf(a -> now.stream().noneMatch(b -> isSame(a, b)));
        return Optional.of(both);
    }

    private static boolean isSame(@Nullable Object a, @Nullable Object b) {
        Optional<BigDecimal> number = Schema.decimal(a);
        Optional<BigDecimal> other = Schema.decimal(b);
        return number.isPresent() && other.isPresent()
                ? number.get().compareTo(other.get()) == 0
                : Objects.equals(a, b);
    }

    /** Whether what stands beside enum or const allows a value. */
    private boolean isValid(@Nullable Object literal) {
        Set<Type> types = types();
        return switch (literal) {
            case null -> types.contains(Type.NULL);
            case Boolean _ -> types.contains(Type.BOOLEAN);
            case String text -> types.contains(Type.STRING) && texts().accepts(text);
            case List<?> _ -> types.contains(Type.ARRAY) && isUnconstrained(OF_ARRAYS);
            case Map<?, ?> _ -> types.contains(Type.OBJECT) && isUnconstrained(OF_OBJECTS);
            default -> {
                BigDecimal number = Schema.decimal(literal).orElseThrow();
                boolean whole = number.stripTrailingZeros().scale() <= 0;
                yield types.contains(whole ? Type.INTEGER : Type.NUMBER)
                        && numbers(whole)
                                .dfa()
                                .accepts(number.stripTrailingZeros().toPlainString());
            }
        };
    }

    private boolean isUnconstrained(Set<String> keywords) {
        for (Schema schema : all) {
            if (schema.hasAny(keywords)) {
                throw schema.problem("stands beside an enum or const with arrays or objects, which is not supported");
            }
        }
        return true;
    }

    /** What numbers may be. */
    Decimals numbers(boolean integer) {
        Optional<Decimals.Bound> lower = Optional.empty();
        Optional<Decimals.Bound> upper = Optional.empty();
        int multiple = 1;
        for (Schema schema : all) {
            lower = tighter(lower, schema.number("minimum"), true, 1);
            lower = tighter(lower, schema.number("exclusiveMinimum"), false, 1);
            upper = tighter(upper, schema.number("maximum"), true, -1);
            upper = tighter(upper, schema.number("exclusiveMaximum"), false, -1);
            Optional<BigDecimal> of = schema.number("multipleOf");
            if (of.isPresent()) {
                multiple = leastCommon(multiple, multiple(of.get(), integer, schema), schema);
            }
        }
        return new Decimals(integer, lower, upper, multiple);
    }

    private static int leastCommon(int a, int b, Schema schema) {
        BigInteger first = BigInteger.valueOf(a);
        BigInteger second = BigInteger.valueOf(b);
        BigInteger common = first.divide(first.gcd(second)).multiply(second);
        return multiple(new BigDecimal(common), true, schema);
    }

    private static int multiple(BigDecimal of, boolean integer, Schema schema) {
        boolean whole = of.stripTrailingZeros().scale() <= 0;
        if (!integer || !whole || of.signum() <= 0 || of.compareTo(BigDecimal.valueOf(MAX_MULTIPLE)) > 0) {
            throw schema.problem("has a multipleOf of " + of + "; supported are whole numbers from 1 to " + MAX_MULTIPLE
                    + ", for the type integer");
        }
        return of.intValue();
    }

    private static Optional<Decimals.Bound> tighter(
            Optional<Decimals.Bound> before, Optional<BigDecimal> value, boolean inclusive, int sign) {
        if (value.isEmpty()) {
            return before;
        }
        Decimals.Bound now = new Decimals.Bound(value.get(), inclusive);
        if (before.isEmpty()) {
            return Optional.of(now);
        }
        int order = sign * Integer.signum(now.value().compareTo(before.get().value()));
        return order > 0 || (order == 0 && !inclusive) ? Optional.of(now) : before;
    }

    /** What strings may be. */
    CharDfa texts() {
        int min = most("minLength");
        int max = least("maxLength");
        CharDfa texts = CharDfa.length(min, max);
        for (Schema schema : all) {
            if (schema.has("pattern")) {
                String where = schema.where("pattern");
                texts = RegexParser.parse(schema.text("pattern"), where).found().and(texts);
            }
            if (schema.has("format")) {
                texts = Formats.of(schema.text("format"), schema.where("format"))
                        .and(texts);
            }
        }
        return texts;
    }

    /** The greatest of the schemas' values; 0 where none has one. */
    int most(String keyword) {
        return all.stream().flatMapToInt(s -> s.count(keyword).stream()).max().orElse(0);
    }

    /** The least of the schemas' values; below 0 where none has one. */
    int least(String keyword) {
        OptionalInt least =
                all.stream().flatMapToInt(s -> s.count(keyword).stream()).min();
        return least.orElse(-1);
    }

    /** What the properties must be that have a name, in the order of the schemas; those named as required alone come last. */
    Map<String, Set<Schema>> properties() {
        Map<String, Set<Schema>> result = new LinkedHashMap<>();
        for (Schema schema : all) {
            schema.properties().keySet().forEach(name -> result.put(name, new HashSet<>()));
        }
        required().forEach(name -> result.putIfAbsent(name, new HashSet<>()));
        for (Schema schema : all) {
            Map<String, Schema> own = schema.properties();
            result.forEach((name, must) -> {
                if (own.containsKey(name)) {
                    must.add(Objects.requireNonNull(own.get(name)));
                } else {
                    schema.schema("additionalProperties").ifPresent(must::add);
                }
            });
        }
        return result;
    }

    Set<String> required() {
        Set<String> names = new LinkedHashSet<>();
        all.forEach(schema -> names.addAll(schema.strings("required")));
        return names;
    }

    /**
     * What properties of other names must be; empty where there may be none. Where properties are named and nothing is said about
     * others, there are none, as everybody who enforces schemas has it.
     */
    Optional<Set<Schema>> additional() {
        Set<Schema> must = new HashSet<>();
        boolean said = false;
        boolean named = false;
        for (Schema schema : all) {
            schema.schema("additionalProperties").ifPresent(must::add);
            said |= schema.has("additionalProperties");
            named |= schema.has("properties");
        }
        return (named && !said) || must.stream().anyMatch(Schema::isFalse) ? Optional.empty() : Optional.of(must);
    }

    /** What an array's item must be. */
    Set<Schema> item(int index) {
        Set<Schema> must = new HashSet<>();
        for (Schema schema : all) {
            List<Schema> prefix = schema.schemas("prefixItems");
            if (index < prefix.size()) {
                must.add(prefix.get(index));
            } else {
                schema.schema("items").ifPresent(must::add);
            }
        }
        return must;
    }

    /** From which index on all items are alike. */
    int prefix() {
        return all.stream().mapToInt(s -> s.schemas("prefixItems").size()).max().orElse(0);
    }

    static OptionException noDocument(String what) {
        return new OptionException(what + " allows no document at all", "look for contradictions in it");
    }
}
