import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.Pipeline;
import dev.fovea.Processor;
import dev.fovea.generate.GenerationConfig;
import java.util.List;
import java.util.Map;

/** Several pictures in one question, and the prompt that names them: "Multi image inference" of Qwen2.5-VL's page. */
final class MultiImage {
    private MultiImage() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        String picture = args.length > 1 ? args[1] : "photo.jpg";

        try (var pipe = Pipeline.imageTextToText(modelId)) {
            var messages = List.of(
                    user(image(picture), image(picture), text("Identify the similarities between these images.")));
            System.out.println(
                    pipe.generate(messages, GenerationConfig.maxNewTokens(128)).text());

            // "Picture 1: … Picture 2: …", so that an answer can say which one it means
            Processor processor = pipe.processor();
            System.out.println(processor.applyChatTemplate(messages, true, Map.of("add_vision_id", true)));
        }
    }
}
