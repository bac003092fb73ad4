package dev.fovea.media;

import java.util.Arrays;

/** What a file without alpha channel says about transparency: {@code Image.info["transparency"]} of Pillow. */
sealed interface Transparency {

    Transparency NONE = new None();

    /** Every pixel is opaque. */
    record None() implements Transparency {
        @Override
        public byte[] alpha(byte[] samples, byte[] rgb) {
            var alpha = new byte[rgb.length / 3];
            Arrays.fill(alpha, (byte) 255);
            return alpha;
        }
    }

    /** The alpha of each palette index; those beyond the table are opaque. */
    record OfIndex(byte[] table) implements Transparency {
        static OfIndex single(int index) {
            var table = new byte[index + 1];
            Arrays.fill(table, (byte) 255);
            table[index] = 0;
            return new OfIndex(table);
        }

        @Override
        public byte[] alpha(byte[] samples, byte[] rgb) {
            var alpha = new byte[samples.length];
            for (int i = 0; i < alpha.length; i++) {
                int index = samples[i] & 255;
                alpha[i] = index < table.length ? table[index] : (byte) 255;
            }
            return alpha;
        }
    }

    /**
     * Pixels of exactly this colour are transparent. Pillow compares after conversion to 8-bit RGB and takes the low
     * byte of the key, so a 16-bit key may match more or less than it should.
     */
    record OfColour(int red, int green, int blue) implements Transparency {
        @Override
        public byte[] alpha(byte[] samples, byte[] rgb) {
            var alpha = new byte[rgb.length / 3];
            for (int i = 0; i < alpha.length; i++) {
                boolean same =
                        rgb[3 * i] == (byte) red && rgb[3 * i + 1] == (byte) green && rgb[3 * i + 2] == (byte) blue;
                alpha[i] = same ? 0 : (byte) 255;
            }
            return alpha;
        }
    }

    /**
     * The alpha of each pixel.
     *
     * @param samples in the file's mode
     * @param rgb the same pixels converted, three bytes each
     */
    byte[] alpha(byte[] samples, byte[] rgb);
}
