package dev.fovea.generate;

/** A further reason to end an answer, asked after every token; the counterpart of transformers' StoppingCriteria. */
@FunctionalInterface
public interface StopRule {
    StopRule NEVER = (row, ids, promptLength) -> false;

    /**
     * Whether the answer ends with its last token.
     *
     * @param row index of the prompt
     * @param ids prompt and answer; not to be changed
     * @param promptLength how many of them are the prompt
     */
    boolean stop(int row, int[] ids, int promptLength);
}
