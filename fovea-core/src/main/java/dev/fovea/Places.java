package dev.fovea;

import dev.fovea.generate.Listener;
import dev.fovea.generate.StopRule;
import dev.fovea.generate.TokenLogprob;

/**
 * Where the rows of a group stand among all rows of a call that runs group by group, so that a listener and a stop rule hear of the
 * call's rows.
 *
 * @param rows the call's row for each of the group
 * @param firstAnswers the place of each one's first answer in the call's list
 * @param answersEach of the group's rows
 */
record Places(int[] rows, int[] firstAnswers, int answersEach) {

    /** The options for the group, which knows its own places alone. */
    GenerateOptions told(GenerateOptions options) {
        StopRule stops = options.stopRule();
        return options.withListener(listener(options.listener()))
                .withStopRule(
                        stops == StopRule.NEVER
                                ? stops
                                : (row, ids, promptLength) -> stops.stop(rows[row], ids, promptLength));
    }

    private Listener listener(Listener call) {
        return new Listener() {
            @Override
            public void token(int index, int token) {
                call.token(place(index), token);
            }

            @Override
            public void logprob(int index, TokenLogprob logprob) {
                call.logprob(place(index), logprob);
            }

            @Override
            public void progress(int steps, int limit) {
                call.progress(steps, limit);
            }
        };
    }

    private int place(int index) {
        return firstAnswers[index / answersEach] + index % answersEach;
    }
}
