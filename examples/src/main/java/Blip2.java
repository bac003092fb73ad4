import dev.fovea.AutoProcessor;
import dev.fovea.Blip2ForConditionalGeneration;
import dev.fovea.media.ImageSource;

/** The script that the model page of BLIP-2 publishes, line by line. */
final class Blip2 {
    private Blip2() {}

    public static void main(String[] args) {
        String modelId = args.length > 0 ? args[0] : "Salesforce/blip2-opt-2.7b";
        String picture =
                args.length > 1 ? args[1] : "https://storage.googleapis.com/sfr-vision-language-research/BLIP/demo.jpg";

        var processor = AutoProcessor.fromPretrained(modelId);
        try (var model = Blip2ForConditionalGeneration.fromPretrained(modelId)) {

            var rawImage = ImageSource.parse(picture).load();

            var question = "how many dogs are in the picture?";
            var inputs = processor.process(rawImage, question);

            var out = model.generate(inputs);
            System.out.println(processor.decode(out.sequences()[0]).strip());
        }
    }
}
