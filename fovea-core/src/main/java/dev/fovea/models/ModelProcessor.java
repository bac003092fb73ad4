package dev.fovea.models;

import dev.fovea.generate.Sequence;
import dev.fovea.io.Config;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.text.ChatTemplates;
import dev.fovea.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/** Turns text, pictures and clips into a model's inputs: transformers' processors. Immutable and shared by threads. */
public interface ModelProcessor {
    Tokenizer tokenizer();

    /** Empty for models that take raw prompts. */
    Optional<ChatTemplates> chatTemplates();

    /** Whether the directory has no processor beside its tokenizer: it is the one that applies the chat template then. */
    default boolean isTokenizer() {
        return false;
    }

    /** The tasks that a prompt may begin with, where the family has such; none by default. */
    default List<String> tasks() {
        return List.of();
    }

    /**
     * One request.
     *
     * @param text the prompt, with a placeholder for each picture where the family has them; empty where none was given
     * @param images in the order of the placeholders
     * @param options keyword arguments of the reference's processor; what is not read is refused by the caller
     * @throws dev.fovea.error.InputException where text and pictures do not fit
     * @throws dev.fovea.error.OptionException for a value out of range
     */
    Inputs.Row process(Optional<String> text, List<DecodedImage> images, Config options);

    /** Whether the family takes clips; by default it does not. */
    default boolean takesVideos() {
        return false;
    }

    /**
     * One request with clips; of those that {@link #takesVideos} only.
     *
     * @param videos in the order of their placeholders
     */
    default Inputs.Row process(
            Optional<String> text, List<DecodedImage> images, List<DecodedVideo> videos, Config options) {
        if (!videos.isEmpty()) {
            throw new UnsupportedOperationException("clips");
        }
        return process(text, images, options);
    }

    /** The task that a request's text asks for, as {@link #postProcess} takes it; the text itself where it names none. */
    default String task(String text) {
        return text;
    }

    /**
     * Reads an answer's boxes and labels: the reference's post_process_generation. Empty for families without it.
     *
     * @param text of the answer, with its special tokens
     * @param task of {@link #task}
     * @param width of the original picture in pixels
     * @param height of the original picture
     */
    default Optional<Parsed> postProcess(String text, String task, int width, int height) {
        return Optional.empty();
    }

    /**
     * Reads the boxes and points that an answer in words names. Empty for families that name none.
     *
     * @param text of the answer, with its special tokens
     * @param view how the model saw the picture
     */
    default Optional<Grounding> ground(String text, View view) {
        return Optional.empty();
    }

    /**
     * As {@link #postProcess(String, String, int, int)}, with scores of the boxes: the reference's post_process_generation with
     * {@code sequence} and {@code transition_beam_score}.
     *
     * @param answer with tokenLogProbs
     * @throws dev.fovea.error.OptionException where it has none
     */
    default Optional<Parsed> postProcess(Sequence answer, String task, int width, int height) {
        return Optional.empty();
    }
}
