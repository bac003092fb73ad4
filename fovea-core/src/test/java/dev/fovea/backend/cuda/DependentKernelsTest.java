package dev.fovea.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.backend.cuda.device.KernelSources;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is launched before the launch before has ended waits for it: nothing but this keeps a step's memory in order. */
class DependentKernelsTest {
    private static final Pattern KERNEL = Pattern.compile("KERNEL[ (][^{]*\\{(?<body>[^{}]*)");
    private static final Pattern BEGUN = Pattern.compile("[\\s\\\\]*(typedef \\w+ G; )?begin\\(\\);");

    /** What asks for weights, and touches nothing, before it waits. */
    private static final Pattern MADE = Pattern.compile(
            "[\\s\\\\]*admitNext\\(\\);[\\s\\\\]*if \\(p.early\\) fetchFirst\\([^;]*;[\\s\\\\]*awaitPrevious\\(\\);");

    /** Sources that say DEPENDENT. */
    static List<String> sources() {
        return Kernels.modules().stream()
                .filter(m -> source(m).lines().anyMatch("DEPENDENT"::equals))
                .map(Kernel.Module::source)
                .distinct()
                .toList();
    }

    /** Without the prelude. */
    private static String source(Kernel.Module module) {
        String text = KernelSources.text(module);
        return text.substring(text.lastIndexOf("#line 1 "));
    }

    private static String source(String name) {
        return Kernels.modules().stream()
                .filter(m -> m.source().equals(name))
                .map(DependentKernelsTest::source)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void mostOfAStepIsDependent() {
        assertThat(sources())
                .contains("few", "normed", "codes", "norm", "elementwise", "attention", "movement", "choose");
    }

    /** Products of few rows wait later, after their first loads: in the one function that all go through. */
    @ParameterizedTest
    @MethodSource("sources")
    void everyKernelBeginsByWaiting(String name) {
        String source = source(name);
        Matcher kernels = KERNEL.matcher(source);
        int found = 0;
        while (kernels.find()) {
            found++;
            String body = kernels.group("body");
            assertThat(BEGUN.matcher(body).lookingAt()
                            || ((name.equals("few") || name.equals("codes")) && isOfFew(body))
                            || (name.equals("normed") && MADE.matcher(body).lookingAt()))
                    .as(name + ": " + kernels.group())
                    .isTrue();
        }
        assertThat(found).isPositive();
    }

    private static boolean isOfFew(String body) {
        return body.contains("few<") || body.contains("gated");
    }
}
