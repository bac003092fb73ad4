import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.system;
import static dev.fovea.Message.user;

import dev.fovea.LoadOptions;
import dev.fovea.Pipeline;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** The first script that the model page of Gemma 3 publishes, line by line. */
final class Gemma3Pipeline {
    private static final String CANDY =
            "https://huggingface.co/datasets/huggingface/documentation-images/resolve/main/p-blog/candy.JPG";

    private Gemma3Pipeline() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "google/gemma-3-4b-it";
        String picture = args.length > 1 ? args[1] : CANDY;

        try (var pipe = Pipeline.of(
                "image-text-to-text",
                modelId,
                LoadOptions.DEFAULT.withDevice("auto").withDtype("bfloat16"))) {

            var messages = List.of(
                    system("You are a helpful assistant."), user(image(picture), text("What animal is on the candy?")));

            var output = pipe.generate(messages, GenerationConfig.maxNewTokens(200));
            System.out.println(output.generatedText().getLast().text());
            // Okay, let's take a look!
            // Based on the image, the animal on the candy is a **turtle**.
            // You can see the shell shape and the head and legs.
        }
    }
}
