package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigTest {
    private static Config config(String json) {
        return Config.of(Json.object(Json.parse(json, "config.json"), "config.json"), "config.json");
    }

    @Test
    void readsEveryType() {
        Config c = config("""
                {"n": 7, "x": 1e-6, "whole": 3, "yes": true, "s": "silu", "ints": [1, 106], "one": 5,
                 "nums": [0.5, 1], "flags": [false, true], "strings": ["full_attention"], "huge": 1000000000000000019884624838656,
                 "mixed": "never"}""");
        assertThat(c.integer("n")).isEqualTo(7);
        assertThat(c.number("x")).isEqualTo(1e-6);
        assertThat(c.number("whole")).isEqualTo(3.0);
        assertThat(c.number("huge")).isEqualTo(1000000000000000019884624838656.0);
        assertThat(c.flag("yes")).isTrue();
        assertThat(c.string("s")).isEqualTo("silu");
        assertThat(c.integers("ints", 0)).containsExactly(1, 106);
        assertThat(c.integers("one", 0)).containsExactly(5);
        assertThat(c.optionalNumbers("nums", Range.atLeast(0)))
                .hasValueSatisfying(x -> assertThat(x).containsExactly(0.5, 1.0));
        assertThat(c.flags("flags", List.of())).containsExactly(false, true);
        assertThat(c.strings("strings")).containsExactly("full_attention");
        assertThat(c.value("mixed")).contains("never");
        assertThat(c.unread()).isEmpty();
    }

    @Test
    void nullCountsAsAbsent() {
        Config c = config("{\"a\": null}");
        assertThat(c.has("a")).isFalse();
        assertThat(c.integer("a", 4)).isEqualTo(4);
        assertThat(c.integer("b", 4)).isEqualTo(4);
        assertThat(c.number("a", 0.5)).isEqualTo(0.5);
        assertThat(c.flag("a", true)).isTrue();
        assertThat(c.string("a", "x")).isEqualTo("x");
        assertThat(c.integers("a", 1, 2)).containsExactly(1, 2);
        assertThat(c.optionalNumbers("a", Range.atLeast(0))).isEmpty();
        assertThat(c.optionalInteger("a")).isEmpty();
        assertThat(c.optionalNumber("b")).isEmpty();
        assertThat(c.optionalIntegers("a")).isEmpty();
        assertThat(c.optionalChild("a")).isEmpty();
        assertThat(c.value("a")).isEqualTo(Optional.empty());
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake(c -> c.integer("gone"), "vision_config.gone is missing; expected an integer"),
                mistake(c -> c.integer("null"), "vision_config.null is null; expected an integer"),
                mistake(c -> c.integer("s"), "vision_config.s is \"14\"; expected an integer"),
                mistake(c -> c.integer("s", 3), "vision_config.s is \"14\"; expected an integer"),
                mistake(c -> c.optionalInteger("s"), "vision_config.s is \"14\"; expected an integer"),
                mistake(c -> c.integer("x"), "vision_config.x is 1.5; expected an integer"),
                mistake(c -> c.integer("wide"), "vision_config.wide is 2147483648; expected an integer"),
                mistake(c -> c.number("infinite"), "vision_config.infinite is Infinity; expected a number"),
                mistake(c -> c.number("yes"), "vision_config.yes is true; expected a number"),
                mistake(c -> c.flag("x"), "vision_config.x is 1.5; expected true or false"),
                mistake(c -> c.string("list"), "vision_config.list is [1, \"a\"]; expected a string"),
                mistake(c -> c.integers("list", 0), "vision_config.list is [1, \"a\"]; expected a list of integers"),
                mistake(
                        c -> c.optionalNumbers("holes", Range.atLeast(0)),
                        "vision_config.holes is [1, null]; expected a list of numbers of at least 0"),
                mistake(c -> c.strings("s2"), "vision_config.s2 is missing; expected a list of strings"),
                mistake(c -> c.child("x"), "vision_config.x is 1.5; expected an object"),
                mistake(c -> c.child("deep").flag("a"), "vision_config.deep.a is missing; expected true or false"));
    }

    private static Arguments mistake(Function<Config, Object> read, String message) {
        return Arguments.of(read, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("mistakes")
    void namesFileKeyFindingAndExpectation(Function<Config, Object> read, String message) {
        Config c = config("""
                {"vision_config": {"null": null, "s": "14", "x": 1.5, "wide": 2147483648, "infinite": 1e999, "yes": true,
                 "list": [1, "a"], "holes": [1, null], "deep": {}}}""");
        assertThatThrownBy(() -> read.apply(c.child("vision_config")))
                .isExactlyInstanceOf(InputException.class)
                .hasMessage("config.json: " + message);
    }

    @Test
    void remembersWhatWasRead() {
        Config c = config("""
                {"model_type": "gemma3", "dtype": "bfloat16", "extra": null, "unopened": {"a": 1},
                 "vision_config": {"patch_size": 14, "dropout": 0.0, "inner": {"b": 1, "c": 2}}}""");
        c.string("model_type");
        c.ignore("chosen by the caller", "dtype");
        Config vision = c.child("vision_config");
        vision.integer("patch_size");
        c.child("vision_config").child("inner").integer("b");
        assertThat(c.has("extra")).isFalse();
        assertThat(c.unread()).containsExactly("extra", "unopened", "vision_config.dropout", "vision_config.inner.c");
        c.ignore("training only", "extra", "unopened");
        vision.ignore("training only", "dropout");
        c.child("vision_config").ignore("known", "inner");
        assertThat(c.unread()).isEmpty();
    }

    @Test
    void longValuesAreCutInMessages() {
        Config c = config("{\"a\": " + List.of("1".repeat(300)) + "}");
        assertThatThrownBy(() -> c.string("a"))
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(120));
    }
}
