package dev.fovea.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One rule of a language in the making: a nondeterministic automaton over bytes whose edges may also call other rules. States are
 * numbers; each method that adds something behind a state returns the state behind that.
 */
final class Network {
    /** @param first of the bytes from 0 to 255 that lead on, with {@code last} inclusive */
    record Bytes(int first, int last, int target) {}

    /** @param rule that is read as a whole before the network goes on */
    record Call(int rule, int target) {}

    final List<List<Bytes>> bytes = new ArrayList<>();
    final List<List<Call>> calls = new ArrayList<>();
    final List<List<Integer>> empty = new ArrayList<>();
    final int start = state();
    final int end = state();

    int state() {
        if (bytes.size() > 100 * CharDfa.MAX_STATES) {
            throw CharDfa.tooLarge();
        }
        bytes.add(new ArrayList<>(2));
        calls.add(new ArrayList<>(0));
        empty.add(new ArrayList<>(1));
        return bytes.size() - 1;
    }

    void bytes(int from, int first, int last, int to) {
        bytes.get(from).add(new Bytes(first, last, to));
    }

    void empty(int from, int to) {
        empty.get(from).add(to);
    }

    int call(int from, int rule) {
        int to = state();
        calls.get(from).add(new Call(rule, to));
        return to;
    }

    /** These bytes exactly. */
    int literal(int from, String text) {
        int at = from;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            int to = state();
            bytes(at, b & 0xFF, b & 0xFF, to);
            at = to;
        }
        return at;
    }

    /** The texts of an automaton as they are: for numbers, whose characters are ASCII. */
    int ascii(int from, CharDfa texts) {
        int[] states = states(texts);
        empty(from, states[0]);
        int to = state();
        for (int s = 0; s < states.length; s++) {
            for (CharDfa.Edge<Integer> edge : texts.edges().get(s)) {
                int[] bounds = edge.on().bounds();
                for (int i = 0; i < bounds.length; i += 2) {
                    bytes(states[s], bounds[i], bounds[i + 1] - 1, states[edge.target()]);
                }
            }
        }
        texts.accepting().stream().forEach(s -> empty(states[s], to));
        return to;
    }

    /** The texts of an automaton as JSON strings, quotes included. */
    int string(int from, CharDfa texts) {
        int[] states = states(texts);
        bytes(from, '"', '"', states[0]);
        JsonCharacters characters = new JsonCharacters(this);
        for (int s = 0; s < states.length; s++) {
            characters.from(states[s]);
            for (CharDfa.Edge<Integer> edge : texts.edges().get(s)) {
                characters.add(edge.on(), states[edge.target()]);
            }
        }
        int to = state();
        texts.accepting().stream().forEach(s -> bytes(states[s], '"', '"', to));
        return to;
    }

    private int[] states(CharDfa texts) {
        return texts.edges().stream().mapToInt(_ -> state()).toArray();
    }

    /**
     * What may stand between JSON's tokens: nothing, a space, or one or two line breaks and an indentation of at most 20 spaces or
     * tabs. Without a limit a model can write white space for ever.
     */
    int space(int from) {
        int to = state();
        empty(from, to);
        bytes(from, ' ', ' ', to);
        int line = state();
        bytes(from, '\n', '\n', line);
        bytes(line, '\n', '\n', to);
        int at = line;
        for (int i = 0; i < 20; i++) {
            empty(at, to);
            int next = state();
            bytes(at, ' ', ' ', next);
            bytes(at, '\t', '\t', next);
            if (i == 0) {
                int second = state();
                bytes(line, '\n', '\n', second);
                bytes(second, ' ', ' ', next);
                bytes(second, '\t', '\t', next);
            }
            at = next;
        }
        empty(at, to);
        return to;
    }
}
