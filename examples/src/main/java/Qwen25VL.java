import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.AutoProcessor;
import dev.fovea.LoadOptions;
import dev.fovea.Qwen2_5_VLForConditionalGeneration;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** The script that the model page of Qwen2.5-VL publishes, line by line. */
final class Qwen25VL {
    private Qwen25VL() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Qwen/Qwen2.5-VL-3B-Instruct";
        String picture =
                args.length > 1 ? args[1] : "https://qianwen-res.oss-cn-beijing.aliyuncs.com/Qwen-VL/assets/demo.jpeg";

        // default: load the model on the available device, in the dtype of its files
        try (var model =
                Qwen2_5_VLForConditionalGeneration.fromPretrained(modelId, LoadOptions.DEFAULT.withDtype("auto"))) {

            // default processor
            var processor = AutoProcessor.fromPretrained(modelId);

            // The default range for the number of visual tokens per image in the model is 4-16384. You can set
            // min_pixels and
            // max_pixels according to your needs, such as a token range of 256-1280, to balance performance and cost.
            // processor = processor.with(Map.of("min_pixels", 256 * 28 * 28, "max_pixels", 1280 * 28 * 28));

            var messages = List.of(user(image(picture), text("Describe this image.")));

            // preparation for inference
            var prompt = processor.applyChatTemplate(messages);
            var visionInfo = processor.processVisionInfo(messages);
            var inputs = processor.process(prompt, visionInfo);

            // inference: generation of the output
            var generated = model.generate(inputs, GenerationConfig.maxNewTokens(128));
            var outputText = processor.batchDecode(generated.trimmed());
            System.out.println(outputText);
        }
    }
}
