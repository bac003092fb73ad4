package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.backend.reference.ReferenceBackend;
import dev.fovea.error.ClosedException;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EncodedImagesTest {
    private static final long SLAB = 4L << 20;

    private final ReferenceBackend backend = new ReferenceBackend();
    private final List<Float> encoded = new ArrayList<>();
    private EncodedImages images = new EncodedImages(backend);

    @AfterEach
    void close() {
        images.close();
    }

    @Test
    void aPictureIsEncodedOnce() {
        assertThat(encode(picture(1))).containsExactly(2);
        assertThat(encode(picture(1))).containsExactly(2);
        assertThat(encoded).containsExactly(1f);
    }

    @Test
    void severalPicturesFollowEachOther() {
        encode(picture(2));
        assertThat(encode(picture(1), picture(2), picture(1))).containsExactly(2, 4, 2);
        assertThat(encoded).containsExactly(2f, 1f);
    }

    @Test
    void theSamePixelsInAnotherShapeAreAnotherPicture() {
        encode(visual(new Pixels(new float[] {1, 1}, 1, 2)));
        encode(visual(new Pixels(new float[] {1, 1}, 2, 1)));
        assertThat(encoded).hasSize(2);
    }

    @Test
    void whatWasNotUsedForLongestGoesFirst() {
        images = new EncodedImages(backend, 2 * SLAB);
        encode(picture(1));
        encode(picture(2));
        encode(picture(1));
        encode(picture(3));
        encoded.clear();
        encode(picture(1), picture(3), picture(2));
        assertThat(encoded).containsExactly(2f);
        assertThat(images.bytes()).isEqualTo(2 * SLAB);
    }

    @Test
    void withoutABudgetNothingIsKept() {
        images = new EncodedImages(backend, 0);
        encode(picture(1));
        assertThat(encode(picture(1))).containsExactly(2);
        assertThat(encoded).hasSize(2);
        assertThat(images.bytes()).isZero();
    }

    @Test
    void stagesAreNeverSkipped() {
        encode(picture(1));
        Tensor.withStages((_, _) -> {}, () -> encode(picture(1)));
        assertThat(encoded).hasSize(2);
    }

    @Test
    void closingFreesAll() {
        encode(picture(1));
        images.close();
        assertThat(images.bytes()).isZero();
        assertThatThrownBy(() -> encode(picture(1))).isInstanceOf(ClosedException.class);
    }

    @Test
    void threadsMayShareIt() {
        images = new EncodedImages(backend, 2 * SLAB);
        boolean right = IntStream.range(0, 2000).parallel().allMatch(i -> encode(picture(i % 5))[0] == 2 * (i % 5));
        assertThat(right).isTrue();
        assertThat(images.bytes()).isLessThanOrEqualTo(2 * SLAB);
    }

    private float[] encode(Inputs.Visual... visuals) {
        try (Scope _ = Scope.open(backend)) {
            return images.encode(List.of(visuals), (v, _) -> twice(v)).toFloats();
        }
    }

    private Tensor twice(List<Inputs.Visual> visuals) {
        float first = visuals.getFirst().pixelValues().values()[0];
        synchronized (encoded) {
            encoded.add(first);
        }
        return Tensor.of(backend, new float[] {2 * first}, 1, 1);
    }

    private static Inputs.Visual picture(float value) {
        return visual(new Pixels(new float[] {value}, 1, 1));
    }

    private static Inputs.Visual visual(Pixels pixels) {
        return new Inputs.Visual(pixels, Optional.empty(), 1, 0, 1, 1, List.of());
    }
}
