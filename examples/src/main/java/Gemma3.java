import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.system;
import static dev.fovea.Message.user;

import dev.fovea.AutoProcessor;
import dev.fovea.Gemma3ForConditionalGeneration;
import dev.fovea.LoadOptions;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** The second script that the model page of Gemma 3 publishes, line by line. */
final class Gemma3 {
    private static final String BEE =
            "https://huggingface.co/datasets/huggingface/documentation-images/resolve/main/bee.jpg";

    private Gemma3() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "google/gemma-3-4b-it";
        String picture = args.length > 1 ? args[1] : BEE;

        try (var model =
                Gemma3ForConditionalGeneration.fromPretrained(modelId, LoadOptions.DEFAULT.withDevice("auto"))) {

            var processor = AutoProcessor.fromPretrained(modelId);

            var messages = List.of(
                    system("You are a helpful assistant."),
                    user(image(picture), text("Describe this image in detail.")));

            var inputs = processor.applyChatTemplateAndTokenize(messages);

            var generation =
                    model.generate(inputs, GenerationConfig.maxNewTokens(100).withDoSample(false));
            var answer = generation.trimmed().getFirst();

            var decoded = processor.decode(answer);
            System.out.println(decoded);
        }
    }
}
