import dev.fovea.AutoModelForCausalLM;
import dev.fovea.AutoProcessor;
import dev.fovea.LoadOptions;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.media.ImageSource;
import java.util.List;

/** The script that the model page of Florence-2 publishes, line by line. */
final class Florence2 {
    private Florence2() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "microsoft/Florence-2-large";
        String url = args.length > 1
                ? args[1]
                : "https://huggingface.co/datasets/huggingface/documentation-images/resolve/main/transformers/tasks/car.jpg?download=true";

        try (var model = AutoModelForCausalLM.fromPretrained(modelId, LoadOptions.DEFAULT.withDtype("float32"))) {
            var processor = AutoProcessor.fromPretrained(modelId);

            var prompt = "<OD>";

            var image = ImageSource.parse(url).load();

            var inputs = processor.process(image, prompt);

            var generated = model.generate(
                    inputs, GenerationConfig.maxNewTokens(4096).withNumBeams(3).withDoSample(false));
            var generatedText =
                    processor.batchDecode(List.of(generated.sequences()), false).getFirst();

            var parsedAnswer = processor.postProcessGeneration(generatedText, "<OD>", image);

            System.out.println(parsedAnswer.orElseThrow().toMap());
        }
    }
}
