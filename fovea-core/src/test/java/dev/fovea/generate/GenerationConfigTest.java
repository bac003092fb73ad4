package dev.fovea.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.OptionException;
import dev.fovea.io.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationConfigTest {
    private static GenerationConfig of(String json) {
        return GenerationConfig.of(object(json), "request 7");
    }

    private static Map<String, @Nullable Object> object(String json) {
        return Json.object(Json.parse(json, "test"), "test");
    }

    @Test
    void defaultsAreThoseOfTransformers() {
        GenerationConfig c = GenerationConfig.EMPTY;
        assertThat(c.maxNewTokens()).isEmpty();
        assertThat(c.maxLength()).isEmpty();
        assertThat(c.minLength()).isZero();
        assertThat(c.doSample()).isFalse();
        assertThat(c.temperature()).isEqualTo(1);
        assertThat(c.topK()).isEqualTo(50);
        assertThat(c.topP()).isEqualTo(1);
        assertThat(c.minP()).isEmpty();
        assertThat(c.typicalP()).isEqualTo(1);
        assertThat(c.epsilonCutoff()).isZero();
        assertThat(c.etaCutoff()).isZero();
        assertThat(c.seed()).isEmpty();
        assertThat(c.numBeams()).isEqualTo(1);
        assertThat(c.numReturnSequences()).isEqualTo(1);
        assertThat(c.lengthPenalty()).isEqualTo(1);
        assertThat(c.earlyStopping()).isEqualTo(EarlyStopping.FALSE);
        assertThat(c.repetitionPenalty()).isEqualTo(1);
        assertThat(c.noRepeatNgramSize()).isZero();
        assertThat(c.badWordsIds()).isEmpty();
        assertThat(c.suppressTokens()).isEmpty();
        assertThat(c.beginSuppressTokens()).isEmpty();
        assertThat(c.sequenceBias()).isEmpty();
        assertThat(c.exponentialDecayLengthPenalty()).isEmpty();
        assertThat(c.renormalizeLogits()).isFalse();
        assertThat(c.removeInvalidValues()).isFalse();
        assertThat(c.forcedBosTokenId()).isEmpty();
        assertThat(c.forcedEosTokenId()).isEmpty();
        assertThat(c.bosTokenId()).isEmpty();
        assertThat(c.eosTokenId()).isEmpty();
        assertThat(c.padTokenId()).isEmpty();
        assertThat(c.decoderStartTokenId()).isEmpty();
        assertThat(c.stopStrings()).isEmpty();
        assertThat(c.outputScores()).isFalse();
    }

    @Test
    void readsEveryKey() {
        String json = """
            {"max_length": 90, "max_new_tokens": 12, "min_length": 3, "min_new_tokens": 2, "max_time": 1.5, "stop_strings": "END",
             "do_sample": true, "seed": 123456789012, "temperature": 1, "top_h": 0.4, "top_k": 7, "top_p": 0.9, "min_p": 0.05,
             "typical_p": 0.8, "epsilon_cutoff": 0.0003, "eta_cutoff": 0.002, "num_beams": 4,
             "num_return_sequences": 2, "length_penalty": -0.5, "early_stopping": "never",
             "repetition_penalty": 1.05, "no_repeat_ngram_size": 3, "bad_words_ids": [[4, 5], [6]],
             "suppress_tokens": [8], "begin_suppress_tokens": [9, 10], "sequence_bias": [[[1, 2], -1.5]],
             "exponential_decay_length_penalty": [5, 1.1], "renormalize_logits": true,
             "remove_invalid_values": true, "forced_bos_token_id": 0, "forced_eos_token_id": 2,
             "bos_token_id": 11, "eos_token_id": [1, 106], "pad_token_id": 12, "decoder_start_token_id": 13,
             "output_scores": true}\
            """;
        GenerationConfig expected = GenerationConfig.maxNewTokens(12)
                .withMaxLength(90)
                .withMinLength(3)
                .withMinNewTokens(2)
                .withMaxTime(1.5)
                .withStopStrings("END")
                .withDoSample(true)
                .withSeed(123456789012L)
                .withTemperature(1)
                .withTopH(0.4)
                .withTopK(7)
                .withTopP(0.9)
                .withMinP(0.05)
                .withTypicalP(0.8)
                .withEpsilonCutoff(0.0003)
                .withEtaCutoff(0.002)
                .withNumBeams(4)
                .withNumReturnSequences(2)
                .withLengthPenalty(-0.5)
                .withEarlyStopping(EarlyStopping.NEVER)
                .withRepetitionPenalty(1.05)
                .withNoRepeatNgramSize(3)
                .withBadWordsIds(List.of(List.of(4, 5), List.of(6)))
                .withSuppressTokens(8)
                .withBeginSuppressTokens(9, 10)
                .withSequenceBias(List.of(new SequenceBias(List.of(1, 2), -1.5)))
                .withExponentialDecayLengthPenalty(5, 1.1)
                .withRenormalizeLogits(true)
                .withRemoveInvalidValues(true)
                .withForcedBosTokenId(0)
                .withForcedEosTokenId(2)
                .withBosTokenId(11)
                .withEosTokenId(1, 106)
                .withPadTokenId(12)
                .withDecoderStartTokenId(13)
                .withOutputScores(true);

        assertThat(of(json)).isEqualTo(expected);
        assertThat(of(Json.write(expected.toMap()))).isEqualTo(expected);
        assertThat(expected.values()).hasSize(36);
        assertThat(expected.earlyStopping()).isEqualTo(EarlyStopping.NEVER);
        assertThat(expected.seed()).hasValue(123456789012L);
        assertThat(expected.forcedEosTokenId()).containsExactly(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        max_new_tokens      | 0          | max_new_tokens is 0; expected an integer of at least 1
        max_new_tokens      | 2.5        | max_new_tokens is 2.5; expected an integer of at least 1
        max_new_tokens      | 3000000000 | max_new_tokens is 3000000000; expected an integer of at least 1
        max_new_tokens      | "9"        | max_new_tokens is "9"; expected an integer of at least 1
        temperature         | -1         | temperature is -1; expected a number of at least 0
        top_p               | 1.1        | top_p is 1.1; expected a number from 0 to 1
        typical_p           | 0          | typical_p is 0; expected a number above 0 and at most 1
        num_beams           | 0          | num_beams is 0; expected an integer from 1 to 4096
        prompt_lookup_num_tokens | 0     | prompt_lookup_num_tokens is 0; expected an integer of at least 1
        max_matching_ngram_size | 0      | max_matching_ngram_size is 0; expected an integer of at least 1
        do_sample           | 1          | do_sample is 1; expected true or false
        early_stopping      | "always"   | early_stopping is "always"; expected true, false or "never"
        repetition_penalty  | 0          | repetition_penalty is 0; expected a number above 0
        eos_token_id        | [1, "a"]   | eos_token_id is [1, a]; expected a token id or a list of token ids
        bad_words_ids       | [[]]       | bad_words_ids is [[]]; expected a list of non-empty lists of token ids
        sequence_bias       | [[[1]]]    | sequence_bias is [[[1]]]; expected a list of [[token ids], bias]
        stop_strings        | 3          | stop_strings is 3; expected a string or a list of strings
        """)
    void aValueOutOfRangeIsNamed(String key, String value, String message) {
        assertThatThrownBy(() -> of("{\"" + key + "\": " + value + "}"))
                .isInstanceOf(OptionException.class)
                .hasMessage("request 7: " + message);
    }

    @Test
    void anUnknownKeyIsNamedWithTheClosestKnownOne() {
        assertThatThrownBy(() -> of("{\"num_beam\": 2}"))
                .isInstanceOf(OptionException.class)
                .hasMessageStartingWith("request 7: unknown generation option num_beam;")
                .extracting(e -> ((OptionException) e).hint())
                .isEqualTo("did you mean num_beams?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"num_beam_groups\": 2",
                "\"penalty_alpha\": 0.6",
                "\"guidance_scale\": 1.5",
                "\"encoder_no_repeat_ngram_size\": 2",
                "\"token_healing\": true"
            })
    void whatIsNotSupportedIsRefused(String entry) {
        assertThatThrownBy(() -> of("{" + entry + "}"))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("not supported");
        assertThatThrownBy(() -> GenerationConfig.ofFile(object("{" + entry + "}"), "generation_config.json"))
                .isInstanceOf(OptionException.class)
                .hasMessageStartingWith("generation_config.json: ");
    }

    @Test
    void whatChangesNothingIsAccepted() {
        String json = """
            {"use_cache": true, "transformers_version": "4.50.0", "cache_implementation": "hybrid",
             "return_dict_in_generate": true, "num_beam_groups": 1, "diversity_penalty": 0.0, "guidance_scale": 1.0,
             "encoder_repetition_penalty": 1.0, "_from_model_config": true}\
            """;
        assertThat(of(json)).isEqualTo(GenerationConfig.EMPTY);
    }

    @Test
    void aModelsOwnArgumentsAreLeftToIt() {
        Map<String, Object> json = Map.of("interpolate_pos_encoding", true, "num_beams", 2);
        assertThat(GenerationConfig.of(json, "request", Set.of("interpolate_pos_encoding")))
                .isEqualTo(GenerationConfig.EMPTY.withNumBeams(2));
        assertThatThrownBy(() -> GenerationConfig.of(json, "request")).hasMessageContaining("interpolate_pos_encoding");
    }

    @Test
    void aFileMayHoldOtherKeysAndNulls() {
        GenerationConfig file = GenerationConfig.ofFile(
                object("{\"chat_format\": \"chatml\", \"max_new_tokens\": null, \"top_k\": 64, \"eos_token_id\": [1,"
                        + " 106]}"),
                "file");
        assertThat(file).isEqualTo(GenerationConfig.EMPTY.withTopK(64).withEosTokenId(1, 106));
    }

    @Test
    void aFileMayWriteMinusOneForNoToken() {
        GenerationConfig file = GenerationConfig.ofFile(object("{\"pad_token_id\": -1, \"eos_token_id\": -1}"), "file");
        assertThat(file.padTokenId()).hasValue(-1);
        assertThat(file.eosTokenId()).containsExactly(-1);
    }

    @Test
    void anOldConfigJsonGivesWhatDiffersFromTheDefaults() {
        GenerationConfig old = GenerationConfig.ofModelConfig(object("""
            {"model_type": "blip-2", "max_length": 20, "eos_token_id": 7,
             "text_config": {"max_length": 20, "num_beams": 3, "eos_token_id": 8, "pad_token_id": 1, "top_k": 50,
                             "early_stopping": true, "hidden_size": 64}}\
            """), "config.json");
        assertThat(old)
                .isEqualTo(GenerationConfig.EMPTY
                        .withEosTokenId(7)
                        .withPadTokenId(1)
                        .withNumBeams(3)
                        .withEarlyStopping(EarlyStopping.TRUE));
    }

    @Test
    void theCallComesFirstThenTheDirectoryThenTheModel() {
        GenerationConfig call = GenerationConfig.EMPTY.withTopK(5);
        GenerationConfig directory = GenerationConfig.EMPTY.withTopK(64).withTopP(0.95);
        GenerationConfig modelConfig = GenerationConfig.EMPTY.withTopP(0.1).withEosTokenId(9);
        GenerationConfig defaults = GenerationConfig.EMPTY.withTopP(0.2).withNumBeams(3);

        assertThat(GenerationConfig.resolve(call, directory, modelConfig, defaults))
                .as("config.json is not read beside a generation_config.json")
                .isEqualTo(GenerationConfig.EMPTY.withTopK(5).withTopP(0.95).withNumBeams(3));
        assertThat(GenerationConfig.resolve(call, GenerationConfig.EMPTY, modelConfig, defaults))
                .isEqualTo(GenerationConfig.EMPTY
                        .withTopK(5)
                        .withTopP(0.1)
                        .withEosTokenId(9)
                        .withNumBeams(3));
    }

    @Test
    void nullInACallSwitchesOff() {
        GenerationConfig call =
                of("{\"eos_token_id\": null, \"top_k\": null, \"repetition_penalty\": null, \"min_p\": null}");
        GenerationConfig directory = GenerationConfig.EMPTY
                .withEosTokenId(3)
                .withTopK(64)
                .withRepetitionPenalty(1.05)
                .withMinP(0.1);
        GenerationConfig resolved =
                GenerationConfig.resolve(call, directory, GenerationConfig.EMPTY, GenerationConfig.EMPTY);
        assertThat(resolved.eosTokenId()).isEmpty();
        assertThat(resolved.topK()).isZero();
        assertThat(resolved.repetitionPenalty()).isEqualTo(1);
        assertThat(resolved.minP()).isEmpty();
        assertThat(call.toMap()).containsEntry("top_k", null);
    }

    @Test
    void contradictionsAreRefused() {
        assertRefused(GenerationConfig.EMPTY.withNumReturnSequences(2), "num_return_sequences is 2 in a greedy search");
        assertRefused(
                GenerationConfig.EMPTY.withNumBeams(2).withNumReturnSequences(3), "expected at most num_beams, 2");
        assertRefused(GenerationConfig.EMPTY.withDoSample(true).withTemperature(0), "temperature is 0 with do_sample");
        assertRefused(
                GenerationConfig.EMPTY.withForcedEosTokenId(4).withSuppressTokens(3, 4), "forced_eos_token_id is [4]");
        GenerationConfig fine = GenerationConfig.EMPTY.withTemperature(0).withDoSample(false);
        assertThat(GenerationConfig.resolve(
                        fine, GenerationConfig.EMPTY, GenerationConfig.EMPTY, GenerationConfig.EMPTY))
                .isEqualTo(fine);
    }

    private static void assertRefused(GenerationConfig call, String message) {
        assertThatThrownBy(() -> GenerationConfig.resolve(
                        call, GenerationConfig.EMPTY, GenerationConfig.EMPTY, GenerationConfig.EMPTY))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void warnsOfOptionsWithoutEffect() {
        GenerationConfig call = GenerationConfig.EMPTY.withTopK(3).withLengthPenalty(2);
        assertThat(call.warnings(call))
                .containsExactlyInAnyOrder(
                        "top_k has no effect without do_sample",
                        "length_penalty has no effect without num_beams above 1");
        assertThat(call.warnings(call.withDoSample(true).withNumBeams(2))).isEmpty();
        GenerationConfig guessing = GenerationConfig.EMPTY.withMaxMatchingNgramSize(3);
        assertThat(guessing.warnings(guessing))
                .containsExactly("max_matching_ngram_size has no effect without prompt_lookup_num_tokens");
        GenerationConfig whole = guessing.withPromptLookupNumTokens(4);
        assertThat(whole.warnings(whole)).isEmpty();
        assertThat(whole.warnings(whole.withNumBeams(2)))
                .containsExactlyInAnyOrder(
                        "prompt_lookup_num_tokens has no effect with num_beams above 1",
                        "max_matching_ngram_size has no effect with num_beams above 1");
    }

    @Test
    void isImmutable() {
        Map<String, Object> mine = new HashMap<>(Map.of("num_beams", 2));
        GenerationConfig config = new GenerationConfig(mine);
        mine.put("num_beams", 3);
        assertThat(config.numBeams()).isEqualTo(2);
        assertThatThrownBy(() -> config.values().put("top_k", 1)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> new GenerationConfig(Map.of("beams", 3))).isInstanceOf(OptionException.class);
    }

    /** As in transformers, where only the code that would use them looks at them. */
    @Test
    void valuesOfAFileThatNothingLooksAt() {
        GenerationConfig file = GenerationConfig.ofFile(
                object("{\"top_k\": -1, \"temperature\": -2, \"length_penalty\": \"long\"}"), "generation_config.json");
        GenerationConfig greedy = GenerationConfig.resolve(
                GenerationConfig.maxNewTokens(2), file, GenerationConfig.EMPTY, GenerationConfig.EMPTY);
        assertThat(greedy.doSample()).isFalse();
        assertThat(greedy.toMap()).containsEntry("top_k", -1L);
        assertThatThrownBy(greedy::topK)
                .isInstanceOf(OptionException.class)
                .hasMessageStartingWith("generation_config.json: top_k is -1; expected an integer of at least 0");
        assertThatThrownBy(() -> GenerationConfig.resolve(
                        GenerationConfig.EMPTY.withDoSample(true),
                        file,
                        GenerationConfig.EMPTY,
                        GenerationConfig.EMPTY))
                .hasMessageContaining("temperature is -2");
        assertThat(GenerationConfig.resolve(
                                GenerationConfig.EMPTY.withTopK(3),
                                file,
                                GenerationConfig.EMPTY,
                                GenerationConfig.EMPTY)
                        .topK())
                .isEqualTo(3);
    }
}
