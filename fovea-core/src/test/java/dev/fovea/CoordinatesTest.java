package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.Origin;
import dev.fovea.media.Picture;
import dev.fovea.models.Inputs;
import dev.fovea.models.View;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** From what a model sees back to the picture that was given. */
class CoordinatesTest {

    private static Pipeline open(String variant) throws Exception {
        return Pipeline.imageTextToText(Path.of(CoordinatesTest.class
                .getResource("/oracle/" + variant + "/checkpoint")
                .toURI()));
    }

    private static ImageSource picture(int width, int height) {
        return ImageSource.of(new Picture(width, height, new byte[3 * width * height]).png());
    }

    /** Resized by qwen_vl_utils to 112 x 56 first, and as the processor likes after that. */
    @Test
    void throughBothFrontEnds() throws Exception {
        try (Pipeline pipe = open("qwen2_5_vl/base")) {
            ImageSource source = picture(400, 300);
            for (Content.Image shown : List.of(image(source), image(source).resized(56, 112))) {
                Request request = Request.of(List.of(user(shown, text("Where?"))));
                Inputs.Visual visual =
                        pipe.inputs(request).rows().getFirst().images().getFirst();
                assertThat(visual.origin()).isEqualTo(new Origin(400, 300, 1));
                View view = visual.views().getFirst();
                assertThat(view.toOriginal(view.width(), view.height()).x()).isCloseTo(400, within(1e-9));
                assertThat(view.toOriginal(view.width() / 2.0, view.height() / 2.0)
                                .y())
                        .isCloseTo(150, within(1e-9));
                assertThat(pipe.pictures(request).getFirst().width()).isEqualTo(400);
                String answer = "{\"bbox_2d\": [0, 0, " + view.width() + ", " + view.height() + "]}";
                var box = pipe.processor()
                        .ground(answer, visual)
                        .orElseThrow()
                        .boxes()
                        .getFirst();
                assertThat(box.x2()).isCloseTo(400, within(1e-9));
                assertThat(box.y2()).isCloseTo(300, within(1e-9));
            }
            assertThat(pipe.processor().namesPlaces()).isTrue();
        }
    }

    /** The whole, and crops along the longer side that together are the whole. */
    @Test
    void crops() throws Exception {
        try (Pipeline pipe = open("gemma3/base")) {
            DecodedImage wide = picture(900, 300).load();
            Inputs inputs = pipe.processor()
                    .process(
                            Optional.of("<start_of_image>"),
                            List.of(wide),
                            Map.of("do_pan_and_scan", true, "pan_and_scan_min_crop_size", 100));
            List<View> views = inputs.rows().getFirst().images().getFirst().views();
            assertThat(views).hasSizeGreaterThan(2);
            assertThat(views.getFirst().right()).isEqualTo(900);
            double end = 0;
            for (View crop : views.subList(1, views.size())) {
                assertThat(crop.left()).isEqualTo(end);
                assertThat(crop.bottom()).isEqualTo(300);
                end = crop.right();
            }
            assertThat(end).isEqualTo(900);
            assertThat(pipe.processor().namesPlaces()).isFalse();
        }
    }

    /** What EXIF turned is told apart from what is stored. */
    @Test
    void turned() throws Exception {
        try (Pipeline pipe = open("qwen2_5_vl/base")) {
            ImageSource source = ImageSource.of(Path.of(CoordinatesTest.class
                    .getResource("/assets/images/orientation_rectangle.jpg")
                    .toURI()));
            DecodedImage stored = source.decode();
            Request request =
                    Request.of(List.of(user(image(source), text("Where?")))).withLoader(Loader.LOAD_IMAGE);
            Origin origin =
                    pipe.inputs(request).rows().getFirst().images().getFirst().origin();
            assertThat(origin).isEqualTo(new Origin(stored.width(), stored.height(), stored.orientation()));
            assertThat(origin.orientation()).isNotEqualTo(1);
        }
    }
}
