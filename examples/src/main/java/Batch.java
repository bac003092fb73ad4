import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.system;
import static dev.fovea.Message.user;

import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** Different questions at once: "Batch inference" of Qwen2.5-VL's page. No answer depends on the others. */
final class Batch {
    private Batch() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        String picture = args.length > 1 ? args[1] : "photo.jpg";
        var config = GenerationConfig.maxNewTokens(128);

        try (var pipe = Pipeline.imageTextToText(modelId)) {
            var pictures = Request.of(
                    List.of(user(
                            image(picture), image(picture), text("What are the common elements in these pictures?"))),
                    config);
            var words = Request.of(List.of(system("You are a helpful assistant."), user("Who are you?")), config);
            pipe.answer(List.of(pictures, words), GenerateOptions.DEFAULT)
                    .forEach(answer -> System.out.println(answer.text()));
        }
    }
}
