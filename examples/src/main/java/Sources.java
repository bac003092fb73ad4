import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.Content;
import dev.fovea.Pipeline;
import dev.fovea.error.FoveaException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.media.MediaPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

/** Where a picture may come from, "More usage tips" of Qwen2.5-VL's page; and what strangers may name. */
final class Sources {
    private Sources() {}

    public static void main(String[] args) throws IOException {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        Path file = Path.of(args.length > 1 ? args[1] : "photo.jpg");
        byte[] bytes = Files.readAllBytes(file);

        try (var pipe = Pipeline.imageTextToText(modelId)) {
            List<Content.Image> pictures = List.of(
                    image(file),
                    image(file.toAbsolutePath().toUri()),
                    image(bytes),
                    image("data:image;base64," + Base64.getEncoder().encodeToString(bytes)));
            for (var picture : pictures) {
                var messages = List.of(user(picture, text("Describe this image.")));
                System.out.println(pipe.generate(messages, GenerationConfig.maxNewTokens(64))
                        .text());
            }

            // A server's callers name no files of the server, and no machine beside it.
            var forStrangers = pipe.withMedia(MediaPolicy.UNTRUSTED);
            for (String named : List.of("/etc/hostname", "http://127.0.0.1/picture.png")) {
                try {
                    forStrangers.generate(List.of(user(image(named), text("What is in it?"))));
                } catch (FoveaException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }
}
