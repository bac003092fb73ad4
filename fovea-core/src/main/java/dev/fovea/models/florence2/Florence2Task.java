package dev.fovea.models.florence2;

import dev.fovea.error.InputException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The tasks that Florence-2 was trained for. A request names one by its token ({@code <OD>}); what the model reads is the
 * question behind it. Source: task_prompts_without_inputs and task_prompts_with_input of Florence2Processor.
 */
public enum Florence2Task {
    OCR(Form.TEXT, "What is the text in the image?"),
    OCR_WITH_REGION(Form.QUADS, "What is the text in the image, with regions?"),
    CAPTION(Form.TEXT, "What does the image describe?"),
    DETAILED_CAPTION(Form.TEXT, "Describe in detail what is shown in the image."),
    MORE_DETAILED_CAPTION(Form.TEXT, "Describe with a paragraph what is shown in the image."),
    OD(Form.BOXES, "Locate the objects with category name in the image."),
    DENSE_REGION_CAPTION(Form.BOXES, "Locate the objects in the image, with their descriptions."),
    REGION_PROPOSAL(Form.UNLABELLED_BOXES, "Locate the region proposals in the image."),
    CAPTION_TO_PHRASE_GROUNDING(Form.PHRASES, "Locate the phrases in the caption: {input}"),
    REFERRING_EXPRESSION_SEGMENTATION(Form.POLYGONS, "Locate {input} in the image with mask"),
    REGION_TO_SEGMENTATION(Form.POLYGONS, "What is the polygon mask of region {input}"),
    OPEN_VOCABULARY_DETECTION(Form.BOXES_OR_POLYGONS, "Locate {input} in the image."),
    REGION_TO_CATEGORY(Form.TEXT, "What is the region {input}?"),
    REGION_TO_DESCRIPTION(Form.TEXT, "What does the region {input} describe?"),
    REGION_TO_OCR(Form.TEXT, "What text is in the region {input}?");

    private static final String INPUT = "{input}";

    /** What an answer's text holds: tasks_answer_post_processing_type of the reference. */
    enum Form {
        TEXT,
        QUADS,
        BOXES,
        UNLABELLED_BOXES,
        PHRASES,
        POLYGONS,
        BOXES_OR_POLYGONS
    }

    private final Form form;
    private final String question;

    Florence2Task(Form form, String question) {
        this.form = form;
        this.question = question;
    }

    /** {@code <OD>}. */
    public String token() {
        return "<" + name() + ">";
    }

    /** Whether a phrase, or a region as four location tokens, follows the token. */
    public boolean takesInput() {
        return question.contains(INPUT);
    }

    Form form() {
        return form;
    }

    /** Whether Microsoft's code gives scores with its boxes. */
    boolean isScored() {
        return form == Form.BOXES;
    }

    /** The task of exactly this token. */
    static Optional<Florence2Task> ofToken(String token) {
        return Arrays.stream(values()).filter(t -> t.token().equals(token)).findFirst();
    }

    /** The task whose token a text holds. */
    public static Optional<Florence2Task> of(String text) {
        return Arrays.stream(values()).filter(t -> text.contains(t.token())).findFirst();
    }

    /** All tokens, for messages. */
    static String tokens() {
        return Arrays.stream(values()).map(Florence2Task::token).collect(Collectors.joining(", "));
    }

    /**
     * What the model reads instead of a text with this task's token.
     *
     * @param trim what becomes of the input
     * @throws InputException where the task takes no input and the text has some
     */
    String question(String text, UnaryOperator<String> trim) {
        if (takesInput()) {
            return question.replace(INPUT, trim.apply(text.replace(token(), "")));
        }
        if (!text.equals(token())) {
            throw new InputException(
                    "Task token " + token() + " should be the only token in the text; found \"" + text + "\"",
                    "tasks that take an input: "
                            + Arrays.stream(values())
                                    .filter(Florence2Task::takesInput)
                                    .map(Florence2Task::token)
                                    .collect(Collectors.joining(", ")));
        }
        return question;
    }
}
