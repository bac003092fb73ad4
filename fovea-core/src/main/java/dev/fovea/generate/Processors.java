package dev.fovea.generate;

import dev.fovea.error.OptionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The logits processors of transformers (generation/logits_process.py) that act in every kind of search, and the order in which
 * generate applies them. Those for sampling only are in {@link Warpers}.
 */
final class Processors {
    private static final float BANNED = Float.NEGATIVE_INFINITY;

    private Processors() {}

    /**
     * What a config asks for, in the order of transformers' _get_logits_processor. The list belongs to one row: processors
     * keep scratch space.
     *
     * @param custom the caller's own; they act after those of the config and before sampling's
     * @throws OptionException where an option names an id outside the vocabulary
     */
    static List<LogitsProcessor> of(
            GenerationConfig config, Lengths lengths, int vocabSize, List<LogitsProcessor> custom) {
        List<Integer> eos = config.eosTokenId();
        List<LogitsProcessor> list = new ArrayList<>();
        if (!config.sequenceBias().isEmpty()) {
            list.add(sequenceBias(config.sequenceBias(), vocabSize, "sequence_bias"));
        }
        if (config.repetitionPenalty() != 1) {
            list.add(repetitionPenalty((float) config.repetitionPenalty()));
        }
        if (config.frequencyPenalty() != 0 || config.presencePenalty() != 0) {
            list.add(countPenalty(
                    (float) config.frequencyPenalty(), (float) config.presencePenalty(), lengths.prompt()));
        }
        if (config.noRepeatNgramSize() > 0) {
            list.add(noRepeatNgram(config.noRepeatNgramSize()));
        }
        if (!config.badWordsIds().isEmpty()) {
            list.add(badWords(config.badWordsIds(), eos, vocabSize));
        }
        if (lengths.min() > lengths.prompt() && !eos.isEmpty()) {
            list.add(minLength(lengths.min(), eos));
        }
        config.forcedBosTokenId()
                .ifPresent(bos -> list.add(forcedAt(1, List.of(inVocabulary("forced_bos_token_id", bos, vocabSize)))));
        if (!config.forcedEosTokenId().isEmpty()) {
            config.forcedEosTokenId().forEach(id -> inVocabulary("forced_eos_token_id", id, vocabSize));
            list.add(forcedAt(lengths.max() - 1, config.forcedEosTokenId()));
        }
        if (config.removeInvalidValues()) {
            list.add((_, scores) -> removeInvalidValues(scores));
        }
        config.exponentialDecayLengthPenalty()
                .ifPresent(decay -> list.add(exponentialDecay(decay, lengths.prompt(), eos)));
        if (!config.suppressTokens().isEmpty()) {
            list.add((_, scores) -> ban(config.suppressTokens(), scores));
        }
        if (!config.beginSuppressTokens().isEmpty()) {
            boolean afterForcedBos =
                    lengths.prompt() <= 1 && config.forcedBosTokenId().isPresent();
            list.add(suppressAt(lengths.prompt() + (afterForcedBos ? 1 : 0), config.beginSuppressTokens()));
        }
        custom.forEach(p -> list.add(p.forAnswer(config, lengths.prompt())));
        if (config.doSample()) {
            // Beams need one token more than can end them all.
            int minTokensToKeep = config.numBeams() > 1 ? Math.max(eos.size(), 1) + 1 : 1;
            list.addAll(Warpers.of(config, minTokensToKeep));
        }
        if (config.renormalizeLogits()) {
            list.add((_, scores) -> Scores.logSoftmax(scores));
        }
        return list;
    }

    /**
     * Adds each bias to the last id of its sequence where the ids end with the rest of it. Biases for one id are summed before
     * they are added, as the reference does.
     */
    static LogitsProcessor sequenceBias(List<SequenceBias> biases, int vocabSize, String option) {
        biases.forEach(b -> b.ids().forEach(id -> inVocabulary(option, id, vocabSize)));
        List<SequenceBias> byLast = new ArrayList<>(biases);
        byLast.sort(Comparator.comparingInt((SequenceBias b) -> b.ids().getLast())
                .thenComparingInt(b -> b.ids().size()));
        return (ids, scores) -> {
            float sum = 0;
            for (int i = 0; i < byLast.size(); i++) {
                SequenceBias bias = byLast.get(i);
                int last = bias.ids().getLast();
                sum += endsWith(ids, bias.ids().subList(0, bias.ids().size() - 1)) ? (float) bias.bias() : 0;
                if (i + 1 == byLast.size() || byLast.get(i + 1).ids().getLast() != last) {
                    scores[last] += sum;
                    sum = 0;
                }
            }
        };
    }

    /** Counts every id of prompt and answer once, placeholders and special tokens included. */
    static LogitsProcessor repetitionPenalty(float penalty) {
        BitSet seen = new BitSet();
        return (ids, scores) -> {
            seen.clear();
            for (int id : ids) {
                if (id < scores.length && !seen.get(id)) {
                    seen.set(id);
                    scores[id] = scores[id] < 0 ? scores[id] * penalty : scores[id] / penalty;
                }
            }
        };
    }

    /** OpenAI's: for each id of the answer so far, not of the prompt, less by how often it stands there, and for standing there. */
    static LogitsProcessor countPenalty(float frequency, float presence, int promptLength) {
        return (ids, scores) -> {
            Map<Integer, Integer> counts = new HashMap<>();
            for (int i = promptLength; i < ids.length; i++) {
                counts.merge(ids[i], 1, Integer::sum);
            }
            counts.forEach((id, count) -> {
                if (isIn(id, scores)) {
                    scores[id] -= count * frequency + presence;
                }
            });
        };
    }

    /** Bans every id that would repeat an n-gram. */
    static LogitsProcessor noRepeatNgram(int n) {
        return (ids, scores) -> {
            int tail = ids.length - (n - 1);
            for (int start = 0; start + n <= ids.length; start++) {
                int last = ids[start + n - 1];
                if (isIn(last, scores) && Arrays.equals(ids, start, start + n - 1, ids, tail, ids.length)) {
                    scores[last] = BANNED;
                }
            }
        };
    }

    /** A bias of minus infinity on each word; a word that is an end-of-sequence token alone stays allowed. */
    static LogitsProcessor badWords(List<List<Integer>> words, List<Integer> eos, int vocabSize) {
        List<SequenceBias> biases = words.stream()
                .filter(word -> word.size() > 1 || !eos.contains(word.getFirst()))
                .map(word -> new SequenceBias(word, BANNED))
                .toList();
        return sequenceBias(biases, vocabSize, "bad_words_ids");
    }

    static LogitsProcessor minLength(int length, List<Integer> eos) {
        return (ids, scores) -> {
            if (ids.length < length) {
                ban(eos, scores);
            }
        };
    }

    /** Leaves the given ids alone, with score 0, when the row has the given length. */
    static LogitsProcessor forcedAt(int length, List<Integer> forced) {
        return (ids, scores) -> {
            if (ids.length == length) {
                Arrays.fill(scores, BANNED);
                forced.forEach(id -> scores[id] = 0);
            }
        };
    }

    static LogitsProcessor suppressAt(int length, List<Integer> banned) {
        return (ids, scores) -> {
            if (ids.length == length) {
                ban(banned, scores);
            }
        };
    }

    static LogitsProcessor exponentialDecay(ExponentialDecay decay, int promptLength, List<Integer> eos) {
        int start = promptLength + decay.start();
        List<Integer> ends = eos.stream().distinct().toList(); // an id that is named twice is raised once
        return (ids, scores) -> {
            if (ids.length > start) {
                float growth = (float) (Math.pow(decay.factor(), ids.length - start) - 1);
                for (int id : ends) {
                    if (isIn(id, scores) && Float.isFinite(scores[id])) {
                        scores[id] += Math.abs(scores[id]) * growth;
                    }
                }
            }
        };
    }

    static void removeInvalidValues(float[] scores) {
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Float.isNaN(scores[i]) ? 0 : Math.clamp(scores[i], -Float.MAX_VALUE, Float.MAX_VALUE);
        }
    }

    /** Ids outside the vocabulary are allowed: files write -1 for none. */
    private static void ban(List<Integer> ids, float[] scores) {
        for (int id : ids) {
            if (isIn(id, scores)) {
                scores[id] = BANNED;
            }
        }
    }

    private static boolean isIn(int id, float[] scores) {
        return id >= 0 && id < scores.length;
    }

    private static boolean endsWith(int[] ids, List<Integer> end) {
        int offset = ids.length - end.size();
        if (offset < 0) {
            return false;
        }
        for (int i = 0; i < end.size(); i++) {
            if (ids[offset + i] != end.get(i)) {
                return false;
            }
        }
        return true;
    }

    private static int inVocabulary(String option, int id, int vocabSize) {
        if (id < 0 || id >= vocabSize) {
            throw new OptionException(option + " names the id " + id + "; expected 0 to " + (vocabSize - 1));
        }
        return id;
    }
}
