package dev.fovea.media.transforms;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.io.Json;
import dev.fovea.media.Picture;
import dev.fovea.media.TestPictures;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NormalizationTest {

    static List<Map<String, Object>> cases() {
        return TestPictures.objects(TestPictures.EXPECTED.get("normalized"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tablesEqualTheReference(Map<String, Object> expected) {
        double factor = ((Number) expected.get("rescale_factor")).doubleValue();
        double[] mean = doubles(expected.get("mean"));
        double[] std = doubles(expected.get("std"));
        boolean none = mean.length == 0;
        Normalization pil = none ? Normalization.rescaled(factor, Resampler.PIL) : Normalization.pil(factor, mean, std);
        Normalization torchvision = none
                ? Normalization.rescaled(factor, Resampler.TORCHVISION)
                : Normalization.torchvision(factor, mean, std);
        assertThat(TestPictures.sha256(littleEndian(pil.table()))).isEqualTo(expected.get("PIL"));
        assertThat(TestPictures.sha256(littleEndian(torchvision.table()))).isEqualTo(expected.get("TORCHVISION"));
    }

    private static double[] doubles(Object value) {
        return Json.array(value, "constants").stream()
                .mapToDouble(number -> ((Number) number).doubleValue())
                .toArray();
    }

    private static byte[] littleEndian(float[][] table) {
        var bytes = ByteBuffer.allocate(3 * 256 * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] channel : table) {
            for (float value : channel) {
                bytes.putFloat(value);
            }
        }
        return bytes.array();
    }

    @Test
    void channelsBecomePlanes() {
        var picture = new Picture(2, 1, new byte[] {0, 1, 2, (byte) 255, (byte) 254, (byte) 253});
        var identity = Normalization.rescaled(1, Resampler.PIL);
        assertThat(identity.toPlanar(picture)).containsExactly(0, 255, 1, 254, 2, 253);
    }
}
