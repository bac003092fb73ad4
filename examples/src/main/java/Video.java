import static dev.fovea.Content.text;
import static dev.fovea.Content.video;
import static dev.fovea.Message.user;

import dev.fovea.AutoModelForImageTextToText;
import dev.fovea.AutoProcessor;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** A video file, by path or URL: "Video inference" of Qwen2.5-VL's page. */
final class Video {
    private Video() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        String clip = args.length > 1 ? args[1] : "clip.mp4";

        try (var model = AutoModelForImageTextToText.fromPretrained(modelId);
                var processor = AutoProcessor.fromPretrained(modelId)) {
            // one frame a second, of at most 360 x 420 pixels
            var messages =
                    List.of(user(video(clip).fps(1).with("max_pixels", 360 * 420), text("Describe this video.")));

            var prompt = processor.applyChatTemplate(messages);
            var vision = processor.processVisionInfo(messages);
            var inputs = processor.process(prompt, vision);
            System.out.println(inputs.videoGridThw());

            var generated = model.generate(inputs, GenerationConfig.maxNewTokens(128));
            System.out.println(processor.batchDecode(generated.trimmed()));
        }
    }
}
