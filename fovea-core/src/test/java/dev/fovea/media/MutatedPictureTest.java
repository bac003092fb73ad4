package dev.fovea.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.InputException;
import dev.fovea.io.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Damaged pictures: what Pillow opens is opened, with its pixels, and what it refuses is refused. The damage is made anew from
 * numbers; the verdicts are Pillow's, recorded by src/test/python/mutated_pictures.py, which has the same {@link #mutate}. All of
 * them: {@code ./test -Dslow -pl fovea-core -Dtest=MutatedPictureTest}.
 */
class MutatedPictureTest {

    private static final Map<String, Object> VERDICTS = TestPictures.object(
            Json.parseObject(TestPictures.path("assets/mutated.json")).get("verdicts"));
    private static final String REFUSED = "------";
    private static final long MAX_PIXELS = 1 << 18;
    private static final int FEW = 40;

    /**
     * How many of all may differ: what other decoders than Pillow's take for damage. TIFF's is not libtiff, JPEG 2000's is of another
     * version.
     */
    private static final Map<String, Integer> TOLERATED = Map.ofEntries(
            Map.entry("made/tif_raw.tif", 14),
            Map.entry("made/tif_pred.tif", 20),
            Map.entry("made/tif_one_packbits.tif", 9),
            Map.entry("made/tif_jpeg.tif", 22),
            Map.entry("made/tif_g4.tif", 225),
            Map.entry("made/tif_ycc.tif", 18),
            Map.entry("made/lossless.jp2", 4),
            Map.entry("made/lossy.jp2", 1),
            Map.entry("transparent.webp", 1),
            Map.entry("made/webp_animc.webp", 33));

    static Set<String> names() {
        return VERDICTS.keySet();
    }

    @ParameterizedTest
    @MethodSource("names")
    void aFewAreAsPillowSays(String name) {
        List<String> differences = differences(name, FEW);
        if (!TOLERATED.containsKey(name)) {
            assertThat(differences).isEmpty();
        }
        assertThat(differences).hasSizeLessThanOrEqualTo(FEW / 2);
    }

    @Tag("slow")
    @ParameterizedTest
    @MethodSource("names")
    void allAreAsPillowSays(String name) {
        assertThat(differences(name, verdicts(name).length() / REFUSED.length()))
                .hasSizeLessThanOrEqualTo(TOLERATED.getOrDefault(name, 0));
    }

    private static String verdicts(String name) {
        return (String) VERDICTS.get(name);
    }

    private static List<String> differences(String name, int count) {
        byte[] whole = TestPictures.bytes(name);
        long seed = crc(name.getBytes(StandardCharsets.UTF_8)) << 20;
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = i * REFUSED.length();
            String expected = verdicts(name).substring(at, at + REFUSED.length());
            String found = verdict(mutate(whole, seed + i));
            if (!found.equals(expected)) {
                differences.add(i + ": " + found + ", Pillow " + expected);
            }
        }
        return differences;
    }

    private static String verdict(byte[] bytes) {
        try {
            Picture picture =
                    DecodedImage.decode(bytes, MAX_PIXELS).transposed().rgb();
            String size = picture.width() + "x" + picture.height();
            return "%08x"
                    .formatted(crc(size.getBytes(StandardCharsets.UTF_8), picture.rgb()))
                    .substring(0, REFUSED.length());
        } catch (InputException e) {
            return REFUSED;
        }
    }

    private static long crc(byte[]... parts) {
        var crc = new CRC32();
        for (byte[] part : parts) {
            crc.update(part);
        }
        return crc.getValue();
    }

    /** Up to three times: cut, changed, lost, inserted or copied bytes, half of them near the beginning. */
    static byte[] mutate(byte[] whole, long seed) {
        byte[] data = whole;
        var random = new SplitMix64(seed);
        for (int times = 1 + random.below(3); times > 0; times--) {
            boolean near = random.below(2) == 0;
            int at = random.below(near ? Math.min(data.length, 64) : data.length);
            data = change(data.clone(), random.below(8), at, random);
            if (data.length == 0) {
                data = new byte[1];
            }
        }
        return data;
    }

    private static byte[] change(byte[] data, int kind, int at, SplitMix64 random) {
        switch (kind) {
            case 0 -> {
                return Arrays.copyOf(data, at);
            }
            case 1 -> data[at] = (byte) random.below(256);
            case 2 -> data[at] ^= (byte) (1 << random.below(8));
            case 3 -> data[at] = (byte) (255 * random.below(2));
            case 4 -> {
                int end = Math.min(data.length, at + 1 + random.below(16));
                return spliced(data, at, new byte[0], end);
            }
            case 5 -> {
                byte[] more = new byte[1 + random.below(16)];
                for (int i = 0; i < more.length; i++) {
                    more[i] = (byte) random.below(256);
                }
                return spliced(data, at, more, at);
            }
            case 6 -> {
                int source = random.below(data.length);
                int size = Math.min(1 + random.below(32), Math.min(data.length - at, data.length - source));
                System.arraycopy(data, source, data, at, size);
            }
            default -> data[at]++;
        }
        return data;
    }

    private static byte[] spliced(byte[] data, int end, byte[] more, int start) {
        var out = new ByteArrayOutputStream();
        out.write(data, 0, end);
        out.write(more, 0, more.length);
        out.write(data, start, data.length - start);
        return out.toByteArray();
    }

    /** Steele, Lea and Flood's generator, which is the same few lines in every language. */
    private static final class SplitMix64 {
        private long state;

        SplitMix64(long seed) {
            state = seed;
        }

        int below(int bound) {
            state += 0x9E3779B97F4A7C15L;
            long z = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return (int) Long.remainderUnsigned(z ^ z >>> 31, bound);
        }
    }
}
