package dev.fovea.io;

import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object with typed access, which remembers the keys that were read:
 *
 * <pre>{@code
 * Config config = Config.of(directory.resolve("config.json"));
 * int hiddenSize = config.integer("hidden_size", Range.SIZE);
 * double eps = config.number("rms_norm_eps", 1e-6, Range.EPS);
 * config.ignore("training only", "attention_dropout", "initializer_range");
 * assert config.unread().isEmpty();
 * }</pre>
 *
 * Each type comes in three forms: {@code integer(key)} must be there, {@code integer(key, otherwise)} has a default,
 * {@code optionalInteger(key)} may be absent. Null counts as absent, since transformers writes nulls. A missing key or
 * one of another type is an {@link InputException} with the file and the dotted key, as is a number outside the {@link Range}
 * that the caller gives. Lists accept a single value as a
 * list of one, as in {@code "eos_token_id": 1}.
 *
 * <p>May be shared by threads.
 */
public final class Config {
    private static final int SHOWN_VALUE = 60;

    private final Map<String, @Nullable Object> values;
    private final String where;
    private final String prefix;
    private final Function<String, FoveaException> failure;
    private final Set<String> read = ConcurrentHashMap.newKeySet();
    private final Map<String, Config> children = new ConcurrentHashMap<>();
    private final Map<String, String> ignored = new ConcurrentHashMap<>();

    private Config(
            Map<String, @Nullable Object> values,
            String where,
            String prefix,
            Function<String, FoveaException> failure) {
        this.values = values;
        this.where = where;
        this.prefix = prefix;
        this.failure = failure;
    }

    /** The object as it stands in the file; nothing counts as read by this. */
    public Map<String, @Nullable Object> toMap() {
        return values;
    }

    /** @throws InputException where the file is not a JSON object */
    public static Config of(Path file) {
        return new Config(Json.parseObject(file), file.toString(), "", InputException::new);
    }

    /** @param where how messages name the source */
    public static Config of(Map<String, @Nullable Object> values, String where) {
        return new Config(values, where, "", InputException::new);
    }

    /** What a caller asks for, not a file: each refusal is an {@link OptionException}. */
    public static Config ofOptions(Map<String, @Nullable Object> values, String where) {
        return new Config(values, where, "", OptionException::new);
    }

    /** How messages name the source: the file. */
    public String where() {
        return where;
    }

    /** The keys that are present, in the file's order; looking at them does not count as reading. */
    public Set<String> keys() {
        return Collections.unmodifiableSet(values.keySet());
    }

    /** Whether a key is present and not null; asking does not count as reading. */
    public boolean has(String key) {
        return values.get(key) != null;
    }

    // --------------------------------------------------------------------------------------------------- scalars

    public int integer(String key) {
        return required(key, JsonType.INTEGER);
    }

    public int integer(String key, int otherwise) {
        return optional(key, JsonType.INTEGER).orElse(otherwise);
    }

    public Optional<Integer> optionalInteger(String key) {
        return optional(key, JsonType.INTEGER);
    }

    /**
     * {@link #integer(String)} in a range; one outside is an {@link InputException}, as one of another type. So is a default
     * that the rest of the file makes impossible.
     */
    public int integer(String key, Range range) {
        return required(key, JsonType.INTEGER.in(range));
    }

    public int integer(String key, int otherwise, Range range) {
        return optionalInteger(key, range).orElseGet(() -> {
            require(range.contains(otherwise), key, JsonType.INTEGER.in(range).name());
            return otherwise;
        });
    }

    public Optional<Integer> optionalInteger(String key, Range range) {
        return optional(key, JsonType.INTEGER.in(range));
    }

    /** A finite number, with or without a fraction. */
    public double number(String key) {
        return required(key, JsonType.NUMBER);
    }

    public double number(String key, double otherwise) {
        return optional(key, JsonType.NUMBER).orElse(otherwise);
    }

    public Optional<Double> optionalNumber(String key) {
        return optional(key, JsonType.NUMBER);
    }

    /** {@link #number(String)} in a range. */
    public double number(String key, Range range) {
        return required(key, JsonType.NUMBER.in(range));
    }

    public double number(String key, double otherwise, Range range) {
        return optionalNumber(key, range).orElseGet(() -> {
            require(range.contains(otherwise), key, JsonType.NUMBER.in(range).name());
            return otherwise;
        });
    }

    public Optional<Double> optionalNumber(String key, Range range) {
        return optional(key, JsonType.NUMBER.in(range));
    }

    public boolean flag(String key) {
        return required(key, JsonType.FLAG);
    }

    public boolean flag(String key, boolean otherwise) {
        return optional(key, JsonType.FLAG).orElse(otherwise);
    }

    /** A step of an image processor, made where the key is true or absent: transformers takes the null of such a file for false. */
    public boolean step(String key) {
        return flag(key, !values.containsKey(key));
    }

    public String string(String key) {
        return required(key, JsonType.STRING);
    }

    public String string(String key, String otherwise) {
        return optional(key, JsonType.STRING).orElse(otherwise);
    }

    public Optional<String> optionalString(String key) {
        return optional(key, JsonType.STRING);
    }

    /**
     * What a string names, by its name.
     *
     * @param known names in the order in which a message lists them
     */
    public <T> Optional<T> optionalOf(String key, Map<String, T> known) {
        String names = known.keySet().stream().map(Json::write).collect(Collectors.joining(", "));
        return optional(
                key,
                new JsonType<>(
                        known.size() == 1 ? names : "one of " + names,
                        v -> v instanceof String s ? Optional.ofNullable(known.get(s)) : Optional.empty()));
    }

    /** A value of any type as {@link Json} gives it, for keys that have several: {@code "early_stopping": "never"}. */
    public Optional<Object> value(String key) {
        return optional(key, JsonType.ANY);
    }

    // ----------------------------------------------------------------------------------------------------- lists

    public int[] integers(String key, int... otherwise) {
        return optionalIntegers(key).orElse(otherwise);
    }

    public Optional<int[]> optionalIntegers(String key) {
        return optional(key, JsonType.INTEGERS).map(Config::ints);
    }

    /** {@link #optionalIntegers(String)} with every one of them in a range. */
    public Optional<int[]> optionalIntegers(String key, Range range) {
        return optional(key, JsonType.listOf("a list of integers" + range, JsonType.INTEGER.in(range)))
                .map(Config::ints);
    }

    /** A list of numbers with every one of them in a range. */
    public Optional<double[]> optionalNumbers(String key, Range range) {
        return optional(key, JsonType.listOf("a list of numbers" + range, JsonType.NUMBER.in(range)))
                .map(Config::doubles);
    }

    public List<Boolean> flags(String key, List<Boolean> otherwise) {
        return optional(key, JsonType.FLAGS).orElse(otherwise);
    }

    public List<String> strings(String key) {
        return required(key, JsonType.STRINGS);
    }

    public List<String> strings(String key, List<String> otherwise) {
        return optional(key, JsonType.STRINGS).orElse(otherwise);
    }

    public Optional<List<String>> optionalStrings(String key) {
        return optional(key, JsonType.STRINGS);
    }

    // --------------------------------------------------------------------------------------------------- objects

    /** The object under a key; the same Config on every call, so that what was read of it adds up. */
    public Config child(String key) {
        return wrap(key, required(key, JsonType.OBJECT));
    }

    /** {@link #child}, empty where the key is absent or null. */
    public Optional<Config> optionalChild(String key) {
        return optional(key, JsonType.OBJECT).map(object -> wrap(key, object));
    }

    private Config wrap(String key, Map<String, @Nullable Object> object) {
        return children.computeIfAbsent(key, k -> new Config(object, where, prefix + k + ".", failure));
    }

    // ------------------------------------------------------------------------------------------------------ refusal

    /**
     * Refuses what a key has, where only its place beside others shows that it is wrong.
     *
     * @param expected as it follows "expected" in the message
     * @throws InputException unless {@code holds}: file, key, value, expectation
     */
    public void require(boolean holds, String key, String expected) {
        if (!holds) {
            throw refusal(key, expected);
        }
    }

    /** The exception for a key whose value is not what was expected. */
    public FoveaException refusal(String key, String expected) {
        Object value = values.get(key);
        String found = value != null ? "is " + shown(value) : values.containsKey(key) ? "is null" : "is missing";
        return failure.apply(where + ": " + prefix + key + " " + found + "; expected " + expected);
    }

    // ------------------------------------------------------------------------------------------------- unread keys

    /** Lists keys, with all below them, as known and without effect. */
    public void ignore(String reason, String... keys) {
        for (String key : keys) {
            ignored.put(key, reason);
        }
    }

    /** The keys that are present and have no effect, dotted, with the reason; those of children that were read are included. */
    public Map<String, String> ignored() {
        Map<String, String> result = new LinkedHashMap<>();
        for (String key : values.keySet()) {
            Config child = children.get(key);
            String reason = ignored.get(key);
            if (reason != null && !read.contains(key)) {
                result.put(prefix + key, reason);
            } else if (child != null) {
                result.putAll(child.ignored());
            }
        }
        return result;
    }

    /** Keys that were neither read nor ignored, dotted, in the file's order; those of children that were read are included. */
    public List<String> unread() {
        List<String> result = new ArrayList<>();
        for (String key : values.keySet()) {
            if (ignored.containsKey(key)) {
                continue;
            }
            Config child = children.get(key);
            if (child != null) {
                result.addAll(child.unread());
            } else if (!read.contains(key)) {
                result.add(prefix + key);
            }
        }
        return result;
    }

    // ----------------------------------------------------------------------------------------------------- reading

    private <T> Optional<T> optional(String key, JsonType<T> type) {
        read.add(key);
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        Optional<T> typed = type.of(value);
        if (typed.isEmpty()) {
            throw refusal(key, type.name());
        }
        return typed;
    }

    private <T> T required(String key, JsonType<T> type) {
        return optional(key, type).orElseThrow(() -> refusal(key, type.name()));
    }

    private static String shown(Object value) {
        String text = value instanceof Double d ? d.toString() : Json.write(value); // JSON has no word for Infinity
        return Quote.visible(text.length() <= SHOWN_VALUE ? text : text.substring(0, SHOWN_VALUE) + "…");
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    private static double[] doubles(List<Double> list) {
        return list.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public String toString() {
        return where + ": " + prefix + keys();
    }
}
