package dev.fovea.text.grammar;

import dev.fovea.error.OptionException;
import dev.fovea.generate.Constraint;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.LogitsProcessor;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Holds the answers of one call to a language. Thread-safe. */
final class TokenConstraint implements Constraint {
    /** Answers of which the position is kept, so that the next token costs one step: those being written, and their beams. */
    private static final int KEPT = 1024;

    private final TokenMasks masks;
    private final Map<IntBuffer, Position> positions = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<IntBuffer, Position> eldest) {
            return size() > KEPT;
        }
    };

    TokenConstraint(TokenMasks masks) {
        this.masks = masks;
    }

    @Override
    public boolean stop(int row, int[] ids, int promptLength) {
        return position(ids, promptLength, ids.length).isOver(masks.automaton());
    }

    /** Bans what leaves the language; the end of an answer too, where its text is not one of it. */
    @Override
    public LogitsProcessor forAnswer(GenerationConfig config, int promptLength) {
        // A forced first token is special, and stands before the text.
        int first = config.forcedBosTokenId().isPresent() && promptLength == 1 ? 1 : 0;
        List<Integer> eos = config.eosTokenId();
        return (ids, scores) -> {
            if (ids.length >= promptLength + first) {
                restrict(position(ids, promptLength, ids.length), eos, scores);
            }
        };
    }

    @Override
    public void process(int[] ids, float[] scores) {
        throw new OptionException(
                "a constraint does not know where the prompt ends; expected its forAnswer to be asked");
    }

    private void restrict(Position position, List<Integer> eos, float[] scores) {
        if (position.isNowhere()) {
            return; // a beam that no token goes on from; it has no chance left
        }
        long[] allowed = masks.allowed(position);
        boolean complete = position.isComplete(masks.automaton());
        // In free text a token without one, as a special token, is the model's to write, as it is without a constraint.
        boolean free = position.isFree(masks.automaton());
        boolean any = false;
        for (int id = 0; id < scores.length; id++) {
            boolean kept = id < 64 * allowed.length && (allowed[id >> 6] >> id & 1) != 0;
            if (!kept && !(complete && eos.contains(id)) && !(free && masks.bytes(id).length == 0)) {
                scores[id] = Float.NEGATIVE_INFINITY;
            }
            any |= scores[id] != Float.NEGATIVE_INFINITY;
        }
        if (!any) {
            throw new OptionException(
                    "no token is left that goes on with the response_format",
                    "leave out what bans tokens beside it, or use a model whose vocabulary can write it");
        }
    }

    private synchronized Position position(int[] ids, int from, int to) {
        if (from >= to) {
            return Position.start(masks.automaton());
        }
        IntBuffer key = IntBuffer.wrap(ids, from, to - from).slice();
        Position known = positions.get(key);
        if (known == null) {
            known = position(ids, from, to - 1).after(masks.automaton(), masks.bytes(ids[to - 1]));
            positions.put(IntBuffer.wrap(Arrays.copyOfRange(ids, from, to)), known); // without the prompt
        }
        return known;
    }
}
