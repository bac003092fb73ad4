package dev.fovea;

import static dev.fovea.Content.image;
import static dev.fovea.Content.text;
import static dev.fovea.Message.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fovea.error.InputException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.VideoSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestTest {
    private static final ImageSource A = ImageSource.of(Path.of("a.png"));
    private static final ImageSource B = ImageSource.of(Path.of("b.png"));
    private static final List<Message> OPEN = List.of(user(image(), text("Which?"), image()));

    @Test
    void eachWithChangesOneThing() {
        Request plain = Request.of("<OD>", A);
        GenerationConfig config = GenerationConfig.maxNewTokens(7);
        VideoSource clip = VideoSource.of(Path.of("frames"));
        Request all = plain.withId(3)
                .withText("<OCR>")
                .withImages(A, B)
                .withVideos(List.of(clip))
                .withProcessor(Map.of("max_pixels", 9))
                .withGenerate(config)
                .withModelArguments(Map.of("interpolate_pos_encoding", true))
                .withLoader(Loader.PIL)
                .withAnswerIds(List.of(5));
        assertThat(all.id()).contains(3);
        assertThat(all.text()).contains("<OCR>");
        assertThat(all.images()).containsExactly(A, B);
        assertThat(all.videos()).containsExactly(clip);
        assertThat(all.processor()).isEqualTo(Map.of("max_pixels", 9));
        assertThat(all.generate()).isEqualTo(config);
        assertThat(all.modelArguments()).isEqualTo(Map.of("interpolate_pos_encoding", true));
        assertThat(all.loader()).contains(Loader.PIL);
        assertThat(all.answerIds()).containsExactly(5);
        assertThat(plain.id()).isEmpty();
        assertThat(plain.text()).contains("<OD>");
        assertThat(plain.images()).containsExactly(A);
        assertThat(plain.generate()).isEqualTo(GenerationConfig.EMPTY);
    }

    @Test
    void picturesComeIntoTheirPlacesWhateverIsGivenFirst() {
        Request request = Request.of(OPEN).withImages(A, B);
        assertThat(request.messages().getFirst().images())
                .extracting(Content.Image::source)
                .containsExactly(Optional.of(A), Optional.of(B));
        assertThat(Request.of(A).withImages(A, B).withMessages(OPEN).messages()).isEqualTo(request.messages());
    }

    @Test
    void placesWithoutAPictureAreCounted() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Request.of(OPEN).withImages(A).messages())
                .withMessageContaining("2 image items without a picture, and 1 pictures are given");
    }
}
