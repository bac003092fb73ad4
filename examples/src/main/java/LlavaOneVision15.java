import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;

import dev.fovea.AutoModelForCausalLM;
import dev.fovea.AutoProcessor;
import dev.fovea.LoadOptions;
import dev.fovea.generate.GenerationConfig;
import java.util.List;

/** The script that the model page of LLaVA-OneVision-1.5 publishes, line by line; without trust_remote_code, as no code is run. */
final class LlavaOneVision15 {
    private static final String DEMO = "https://qianwen-res.oss-cn-beijing.aliyuncs.com/Qwen-VL/assets/demo.jpeg";

    private LlavaOneVision15() {}

    public static void main(String[] args) {
        String modelPath = args.length > 0 ? args[0] : "lmms-lab/LLaVA-OneVision-1.5-8B-Instruct";
        String picture = args.length > 1 ? args[1] : DEMO;

        // default: load the model on the available device, in the dtype of its files
        try (var model = AutoModelForCausalLM.fromPretrained(
                modelPath, LoadOptions.DEFAULT.withDtype("auto").withDevice("auto"))) {

            // default processor
            var processor = AutoProcessor.fromPretrained(modelPath);

            var messages = List.of(user(image(picture), text("Describe this image.")));

            // preparation for inference
            var prompt = processor.applyChatTemplate(messages);
            var visionInfo = processor.processVisionInfo(messages);
            var inputs = processor.process(prompt, visionInfo);

            // inference: generation of the output
            var generatedIds = model.generate(inputs, GenerationConfig.maxNewTokens(1024));
            var generatedIdsTrimmed = generatedIds.trimmed();
            var outputText = processor.batchDecode(generatedIdsTrimmed, true);
            System.out.println(outputText);
        }
    }
}
