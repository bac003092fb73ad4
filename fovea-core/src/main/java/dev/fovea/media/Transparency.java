package dev.fovea.media;

import java.util.Arrays;

/** What a file without alpha channel says about transparency: {@code Image.info["transparency"]} of Pillow. */
sealed interface Transparency {

    Transparency NONE = new None();

    int NO_INDEX = -1;

    /** Every pixel is opaque. */
    record None() implements Transparency {
        @Override
        public byte[] alpha(byte[] samples, byte[] rgb) {
            var alpha = new byte[rgb.length / 3];
            Arrays.fill(alpha, (byte) 255);
            return alpha;
        }

        @Override
        public Transparency ofRgb(Mode mode, byte[] palette) {
            return this;
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

        /** One index that is fully transparent among opaque ones is kept as its colour; anything else is dropped. */
        @Override
        public Transparency ofRgb(Mode mode, byte[] palette) {
            int single = NO_INDEX;
            for (int i = 0; i < table.length; i++) {
                if (table[i] == 0 && single == NO_INDEX) {
                    single = i;
                } else if (table[i] != (byte) 255) {
                    return NONE;
                }
            }
            return single == NO_INDEX
                    ? NONE
                    : new OfColour(palette[3 * single], palette[3 * single + 1], palette[3 * single + 2]);
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

        /**
         * The key of mode L is converted with the pixels, and clipped. That of modes 1 and I;16 stays a single number, which
         * Pillow then takes for a red without green and blue.
         */
        @Override
        public Transparency ofRgb(Mode mode, byte[] palette) {
            return switch (mode) {
                case L -> {
                    int grey = Math.clamp(red, 0, 255);
                    yield new OfColour(grey, grey, grey);
                }
                case BILEVEL, I16 -> new OfColour(red, 0, 0);
                default -> this;
            };
        }
    }

    /**
     * The alpha of each pixel.
     *
     * @param samples in the file's mode
     * @param rgb the same pixels converted, three bytes each
     */
    byte[] alpha(byte[] samples, byte[] rgb);

    /** What is left of it after {@code convert("RGB")}: {@code info["transparency"]} of the result. */
    Transparency ofRgb(Mode mode, byte[] palette);
}
