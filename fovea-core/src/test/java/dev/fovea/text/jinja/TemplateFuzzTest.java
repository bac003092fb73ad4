package dev.fovea.text.jinja;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Any text is a template that renders, or one that is refused. */
class TemplateFuzzTest {
    @FuzzTest(maxDuration = "60s")
    void endsInTextOrInAnInputException(FuzzedDataProvider data) {
        TemplateTest.endsWell(data.consumeRemainingAsString());
    }
}
