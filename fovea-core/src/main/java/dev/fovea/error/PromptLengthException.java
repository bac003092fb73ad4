package dev.fovea.error;

/** A prompt is longer than the model's positions. */
public class PromptLengthException extends InputException {
    private static final long serialVersionUID = 1L;

    public PromptLengthException(String problem, String hint) {
        super(problem, hint);
    }
}
