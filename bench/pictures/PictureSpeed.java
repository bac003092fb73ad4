import dev.fovea.io.Config;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Picture;
import dev.fovea.media.transforms.Resampler;
import dev.fovea.models.ImageSteps;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;

/** How long pictures take to pixel_values of 896 x 896, as Gemma 3 takes them: see "Pictures" in docs/performance.md. */
final class PictureSpeed {
    private static final int SIDE = 896;
    private static final int ROUNDS = 20;

    private PictureSpeed() {}

    public static void main(String[] args) throws Exception {
        ImageSteps steps = ImageSteps.ofHalf(Config.ofOptions(Map.of(), "gemma"), Resampler.TORCHVISION);
        for (String file : args) {
            byte[] jpeg = Files.readAllBytes(Path.of(file));
            Picture picture = ImageSource.of(jpeg).load().rgb();
            String size = picture.width() + " x " + picture.height();
            report(size + " to pixel values", () -> pixels(steps, picture));
            report(
                    size + ", JPEG to pixel values",
                    () -> pixels(steps, ImageSource.of(jpeg).load().rgb()));
        }
    }

    private static float[] pixels(ImageSteps steps, Picture picture) {
        return steps.pixels(steps.resized(picture, SIDE, SIDE)).values();
    }

    private static void report(String what, Supplier<float[]> work) {
        double[] times = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            if (work.get().length != 3 * SIDE * SIDE) {
                throw new IllegalStateException(what);
            }
            times[i] = (System.nanoTime() - start) / 1e6;
        }
        double first = times[0];
        Arrays.sort(times);
        System.out.printf(
                "fovea        %-32s first %7.1f, median %6.1f, best %6.1f ms%n",
                what, first, times[ROUNDS / 2], times[0]);
    }
}
