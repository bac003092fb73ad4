package dev.fovea.media;

import dev.fovea.error.InputException;

/** The kernel of a {@link Resampler}: how a new pixel weighs the old ones around it. */
public enum Filter {
    /** A triangle of radius 1. */
    BILINEAR(1) {
        @Override
        double at(double distance) {
            return Math.max(0, 1 - Math.abs(distance));
        }
    },
    /** Keys' cubic of radius 2, a = -0.5. */
    BICUBIC(2) {
        @Override
        double at(double distance) {
            double x = Math.abs(distance);
            if (x < 1) {
                return ((A + 2) * x - (A + 3)) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        }
    },
    /** A windowed sinc of radius 3. */
    LANCZOS(3) {
        @Override
        double at(double distance) {
            return -3 <= distance && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0;
        }
    };

    private static final double A = -0.5;

    /** Reach on either side, in pixels of the coarser of the two grids. */
    final double radius;

    Filter(double radius) {
        this.radius = radius;
    }

    /** By its number in {@code PIL.Image.Resampling}, which processors' configurations have as {@code resample}. */
    public static Filter of(int resample) {
        return switch (resample) {
            case 1 -> LANCZOS;
            case 2 -> BILINEAR;
            case 3 -> BICUBIC;
            default ->
                throw new InputException(
                        "resample is " + resample + "; expected 1 (Lanczos), 2 (bilinear) or 3 (bicubic)");
        };
    }

    abstract double at(double distance);

    private static double sinc(double x) {
        return x == 0 ? 1 : StrictMath.sin(x * Math.PI) / (x * Math.PI);
    }
}
