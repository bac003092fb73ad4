package dev.fovea.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The interpreter against what Jinja 3.1 answered, and against templates that mean no good. */
class TemplateTest {
    private static Map<String, @Nullable Object> golden() {
        try {
            return Json.parseObject(
                    Path.of(Objects.requireNonNull(TemplateTest.class.getResource("/golden/jinja-probes.json"))
                            .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Map<String, @Nullable Object>> probes() {
        return Json.array(golden().get("probes"), "probes").stream()
                .map(p -> Json.object(p, "a probe"))
                .toList();
    }

    private static String render(String template, Map<String, ? extends @Nullable Object> variables) {
        return Template.parse(template).render(variables);
    }

    private static String render(String template) {
        return render(template, Map.of());
    }

    @TestFactory
    Stream<DynamicTest> answersAsJinjaDoes() {
        Map<String, @Nullable Object> variables = Json.object(golden().get("variables"), "variables");
        return probes().stream().map(probe -> {
            String template = String.valueOf(probe.get("template"));
            return DynamicTest.dynamicTest(template, () -> {
                if (probe.containsKey("error")) {
                    assertThatThrownBy(() -> render(template, variables))
                            .isInstanceOf(InputException.class)
                            .hasMessageContaining("chat template, line ");
                } else {
                    assertThat(render(template, variables)).isEqualTo(probe.get("rendered"));
                }
            });
        });
    }

    @Test
    void namesTheLine() {
        assertThatThrownBy(() -> render("a\n{{ 'b' }}\n{{ 1 / 0 }}\n"))
                .hasMessage("chat template, line 3: division by zero");
        assertThatThrownBy(() -> render("a\n\n{% if x\n %}{{ ) }}"))
                .hasMessage("chat template, line 4: unexpected ')'");
        assertThatThrownBy(() -> render("\n{{ raise_exception('Roles must alternate') }}"))
                .hasMessage("Roles must alternate (chat template, line 2)");
        assertThatThrownBy(() -> render("{% macro m() %}\n{{ 1 }}\n{% endmacro %}\n{{ m() ~ missing.x }}"))
                .hasMessage("chat template, line 4: 'missing' is undefined");
    }

    @Test
    void runsNothingThatStandsInAValue() {
        assertThat(render("{{ x }}{% set y = x %}{{ y }}", Map.of("x", "{{ 7*7 }}{% raise %}")))
                .isEqualTo("{{ 7*7 }}{% raise %}{{ 7*7 }}{% raise %}");
    }

    @Test
    void takesPlainValuesOfAnyKind() {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        variables.put("none", null);
        variables.put("i", 3);
        variables.put("f", 0.5f);
        variables.put("list", List.of(1, 2L));
        variables.put("picture", new Object[0]);
        assertThat(render("{{ i + list[1] }} {{ f }} {{ picture }} {{ list is iterable }}", variables))
                .isEqualTo("5 0.5 <Object[]> True");
    }

    @Test
    void doesNotChangeItsVariables() {
        List<Object> list = new ArrayList<>(List.of(1));
        render("{% set x = l + [2] %}{% for i in l | reverse %}{% endfor %}", Map.of("l", list));
        assertThat(list).containsExactly(1);
    }

    @Test
    void tellsTheTime() {
        assertThat(render("{{ strftime_now('%Y') | int > 2024 }}")).isEqualTo("True");
        ZonedDateTime time = ZonedDateTime.of(2026, 3, 5, 14, 7, 9, 0, ZoneOffset.UTC);
        assertThat(Globals.strftime("%Y-%m-%d %H:%M:%S %B %b %A %a %d %-d %y %j %I %p %%", time))
                .isEqualTo("2026-03-05 14:07:09 March Mar Thursday Thu 05 5 26 064 02 PM %");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{% for a in range(9999) %}{{ 'x' * 9999 }}{% endfor %}",
                "{{ 'x' * 99999999999 }}",
                "{{ [0] * 99999999999 }}",
                "{{ 9 ** 999999999 }}",
                "{% set ns = namespace(s='x') %}{% for a in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{"
                        + " ns.s }}",
                "{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{"
                        + " ns.s|tojson }}",
                "{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{"
                        + " ns.s == ns.s + [] }}",
                "{% set ns = namespace(s=[]) %}{% for a in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s"
                        + " }}",
                "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
                "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns == ns }}{{ {ns: 1} }}{{ ns | tojson }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{{ ('x' * 4000000) | replace('x', 'y' * 4000000) }}",
                "{{ ('x' * 9999999) | list | length }}",
                "{% set s = 'ab' * 4000000 %}{% for a in range(99999) %}{{ s.find('q') }}{% endfor %}",
                "{{ range(99999) | map('string') | join('x' * 9999) }}",
                "{{ [1] | tojson(indent='x' * 9999999) | length }}{{ [[[[1]]]] | tojson(indent='x' * 9999999) | length"
                        + " }}",
                "{{ strftime_now('%Q') }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '%.99999999f' % 1 }}",
                "{{ '%*d' % (999999999999, 1) }}",
                "{{ '{:999999999}'.format('x') }}",
                "{{ '{:.99999999f}'.format(1.5) }}",
                "{% for a in range(999) %}{{ '%9999999d' % 1 }}{% endfor %}",
                "{{ 'x' | center(99999999) }}",
                "{{ 'x'.ljust(99999999) }}",
                "{{ 'x'.zfill(999999999999) }}",
                "{{ '\\t'.expandtabs(99999999999) }}",
                "{{ [1] | batch(99999999999, 'x') | length }}",
                "{{ [1] | slice(99999999999) | length }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% break %}",
            })
    @Timeout(20)
    void givesUpInsteadOfRunningOn(String template) {
        assertThatThrownBy(() -> render(template))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("chat template, line 1");
    }

    @ParameterizedTest
    @CsvSource({"(, )", "[, ]", "-, ''", "'not ', ''", "{1:, }", "'1 if 1 else ', ''", "a|map(, )", "a[, ]"})
    void refusesToGoTooDeep(String open, String close) {
        assertThatThrownBy(() -> render("{{" + open.repeat(50_000) + "1" + close.repeat(50_000) + "}}"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("levels deep");
    }

    /** As long as a message may be: no frame of the stack for each group of digits, and no time that grows with the square. */
    @Test
    void numbersOfAnyLength() {
        String groups = "1_".repeat(50_000) + "1";
        String digits = "7".repeat(200_000);
        assertThat(render("{{ x | int(5) }}", Map.of("x", groups))).isEqualTo("5");
        assertThat(render("{{ x | float }}", Map.of("x", groups))).isEqualTo("inf");
        assertThat(render("{{ x | float(6) }}", Map.of("x", digits + "x"))).isEqualTo("6");
        assertThat(render("{{ x | int(5) }}", Map.of("x", "0".repeat(4299) + "3")))
                .isEqualTo("3");
        assertThat(render("{{ x | int(5) }}", Map.of("x", "0".repeat(4300) + "3")))
                .isEqualTo("3");
        assertThat(render("{{ x | int(5, 16) }}", Map.of("x", "0".repeat(200_000) + "1f")))
                .isEqualTo("31");
        assertThatThrownBy(() -> render("{{ x | int(5, 16) }}", Map.of("x", digits)))
                .hasMessageContaining("does not fit 64 bits");
        assertThatThrownBy(() -> render("{{ " + groups + " }}")).isInstanceOf(TemplateException.class);
        assertThat(render("{{ 1_0.2_5 }} {{ 0.2 }} {{ 1_0e0_1 }}")).isEqualTo("10.25 0.2 100.0");
    }

    @Test
    void followsLongChainsOnlySoFar() {
        assertThat(render("{{ 0" + "+1".repeat(400) + " }}")).isEqualTo("400");
        assertThatThrownBy(() -> render("{{ 0" + "+1".repeat(100_000) + " }}")).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> render("{% if 1 %}".repeat(2000))).isInstanceOf(InputException.class);
        assertThatThrownBy(() -> Template.parse("x".repeat(2 << 20)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("2097152");
    }

    @Test
    void isFastEnoughForLongConversations() {
        List<Map<String, String>> messages = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", " word".repeat(200)));
        }
        Template template = Template.parse(
                "{% for m in messages %}<{{ m.role }}>{{ m['content'] | trim }}{% if loop.last %}!{% endif %}\n"
                        + "{% endfor %}");
        org.junit.jupiter.api.Assertions.assertTimeout(
                Duration.ofSeconds(5),
                () -> assertThat(template.render(Map.of("messages", messages))).hasSizeGreaterThan(2_000_000));
    }

    /** Pieces of the probes in any order: unlike random text they mostly come through the parser. */
    @Test
    void endsWellOnShuffledPieces() {
        List<String> pieces = probes().stream()
                .flatMap(p -> Arrays.stream(String.valueOf(p.get("template")).split("(?<=[ |(}%])")))
                .toList();
        Random random = new Random(11);
        for (int run = 0; run < 2_000; run++) {
            StringBuilder template = new StringBuilder(random.nextBoolean() ? "{{ " : "");
            for (int i = 0; i < 1 + random.nextInt(8); i++) {
                template.append(pieces.get(random.nextInt(pieces.size())));
            }
            endsWell(template.append(random.nextBoolean() ? " }}" : "").toString());
        }
    }

    static void endsWell(String template) {
        try {
            assertThat(render(template, Map.of("l", List.of(1, 2), "d", Map.of("a", 1), "s", "text", "i", 3)))
                    .isNotNull();
        } catch (InputException e) {
            assertThat(e).hasMessageMatching("(?s).*(chat template, line \\d+|the chat template has).*");
        }
    }
}
