import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.Pipeline;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** What a picture may cost: "Image resolution for performance boost" of Qwen2.5-VL's page. */
final class Resolution {
    private Resolution() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        String picture = args.length > 1 ? args[1] : "photo.jpg";

        try (var pipe = Pipeline.imageTextToText(modelId)) {
            var exact = image(picture).resized(280, 420); // rounded to multiples of 28
            var limits = image(picture).pixels(50_176, 50_176);
            for (var shown : List.of(image(picture), exact, limits)) {
                var answer = pipe.generate(
                        List.of(user(shown, text("Describe this image."))), GenerationConfig.maxNewTokens(64));
                System.out.println(answer.usage().imageTokens() + " tokens: " + answer.text());
            }
        }
    }
}
