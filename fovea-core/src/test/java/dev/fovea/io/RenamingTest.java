package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RenamingTest {
    private static final Renaming QWEN =
            Renaming.of("^visual", "model.visual").then("^model(?!\\.(language_model|visual))", "model.language_model");

    @Test
    void bothSpellingsOfQwenBecomeOne() {
        assertThat(QWEN.apply("visual.merger.ln_q.weight")).isEqualTo("model.visual.merger.ln_q.weight");
        assertThat(QWEN.apply("model.visual.merger.ln_q.weight")).isEqualTo("model.visual.merger.ln_q.weight");
        assertThat(QWEN.apply("model.norm.weight")).isEqualTo("model.language_model.norm.weight");
        assertThat(QWEN.apply("model.language_model.norm.weight")).isEqualTo("model.language_model.norm.weight");
        assertThat(QWEN.apply("lm_head.weight")).isEqualTo("lm_head.weight");
    }

    @Test
    void whatATrainingClassPutsBefore() {
        assertThat(QWEN.apply("model.model.norm.weight")).isEqualTo("model.language_model.norm.weight");
        assertThat(QWEN.apply("model.model.visual.merger.ln_q.weight")).isEqualTo("model.visual.merger.ln_q.weight");
        assertThat(Renaming.NONE.apply("model.lm_head.weight")).isEqualTo("lm_head.weight");
        assertThat(Renaming.NONE.apply("language_model.model.norm.weight"))
                .isEqualTo("language_model.model.norm.weight");
    }

    @Test
    void rulesFollowEachOther() {
        Renaming names = Renaming.prefix("vision_tower.", "model.vision_tower.")
                .then("\\.convs\\.(\\d+)\\.proj\\.", ".convs.$1.conv.");
        assertThat(names.apply("vision_tower.convs.2.proj.bias")).isEqualTo("model.vision_tower.convs.2.conv.bias");
    }

    @Test
    void prefixesAreNoRegularExpressions() {
        Renaming names = Renaming.prefix("a.b", "$1\\x");
        assertThat(names.apply("a.b.c")).isEqualTo("$1\\x.c");
        assertThat(names.apply("axb.c")).isEqualTo("axb.c");
        assertThat(names.apply("c.a.b")).isEqualTo("c.a.b");
    }
}
