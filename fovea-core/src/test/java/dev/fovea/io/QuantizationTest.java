package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Quantization.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizationTest {
    @ParameterizedTest
    @CsvSource({
        "int4, model.layers.3.self_attn.q_proj.weight, INT4",
        "int4, model.layers.3.self_attn.v_proj.weight, INT8",
        "int4, language_model.model.layers.3.self_attn.v_proj.weight, INT8",
        "int4, model.decoder.layers.3.encoder_attn.v_proj.weight, INT8",
        "int4, language_model.model.decoder.layers.3.fc1.weight, INT4",
        "int4, lm_head.weight, INT8",
        "'int4,head=int4', lm_head.weight, INT4",
        "int4, vision_tower.vision_model.encoder.layers.3.self_attn.v_proj.weight, NONE",
        "'int4,tower=int4', vision_tower.vision_model.encoder.layers.3.self_attn.v_proj.weight, INT4",
        "int8, model.layers.3.self_attn.v_proj.weight, INT8",
        "lossless, model.layers.3.self_attn.v_proj.weight, LOSSLESS",
        "lossless, lm_head.weight, LOSSLESS",
        "'lossless,head=none', lm_head.weight, NONE",
        "lossless, vision_tower.vision_model.encoder.layers.3.self_attn.v_proj.weight, NONE",
        "'lossless,tower=lossless', vision_tower.vision_model.encoder.layers.3.self_attn.v_proj.weight, LOSSLESS",
        "'int4,head=lossless', lm_head.weight, LOSSLESS",
        "'none,head=int8', model.layers.3.self_attn.v_proj.weight, NONE"
    })
    void everyKindOfLayerHasItsPrecision(String text, String name, Precision expected) {
        assertThat(Quantization.parse(text).of(name)).isEqualTo(expected);
    }
}
