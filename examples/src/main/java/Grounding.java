import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.Pipeline;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.media.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Boxes and points in the original picture: the spatial understanding of Qwen2.5-VL's cookbooks. */
final class Grounding {
    private Grounding() {}

    public static void main(String[] args) throws IOException {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        Path picture = Path.of(args.length > 1 ? args[1] : "photo.jpg");

        try (var pipe = Pipeline.imageTextToText(modelId)) {
            var messages = List.of(
                    user(image(picture), text("Outline each thing, and output the coordinates in JSON format.")));
            var answer = pipe.generate(messages, GenerationConfig.maxNewTokens(512));
            for (var found : answer.grounding()) {
                found.boxes()
                        .forEach(b -> System.out.println(
                                b.label() + ": " + b.x1() + ", " + b.y1() + " to " + b.x2() + ", " + b.y2()));
                var drawn = found.drawOn(ImageSource.of(picture).load());
                Files.write(Path.of("found.png"), drawn.png());
            }
        }
    }
}
