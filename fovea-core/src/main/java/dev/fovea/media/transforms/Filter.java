package dev.fovea.media.transforms;

import java.util.Optional;

/** The kernel of a {@link Resampler}: how a new pixel weighs the old ones around it. */
public enum Filter {
    /** The old pixel under the middle of the new one. */
    NEAREST(0) {
        @Override
        double at(double distance) {
            throw new IllegalStateException("nearest takes a pixel and weighs none");
        }
    },
    /** All old pixels under the new one alike. */
    BOX(0.5) {
        @Override
        double at(double distance) {
            return distance > -0.5 && distance <= 0.5 ? 1 : 0;
        }
    },
    /** A triangle of radius 1. */
    BILINEAR(1) {
        @Override
        double at(double distance) {
            return Math.max(0, 1 - Math.abs(distance));
        }
    },
    /** A windowed sinc of radius 1. */
    HAMMING(1) {
        @Override
        double at(double distance) {
            double x = Math.abs(distance);
            if (x >= 1) {
                return 0;
            }
            return x == 0
                    ? 1
                    : StrictMath.sin(x * Math.PI) / (x * Math.PI) * (0.54 + 0.46 * StrictMath.cos(x * Math.PI));
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
    public static Optional<Filter> of(int resample) {
        return switch (resample) {
            case 0 -> Optional.of(NEAREST);
            case 1 -> Optional.of(LANCZOS);
            case 2 -> Optional.of(BILINEAR);
            case 3 -> Optional.of(BICUBIC);
            case 4 -> Optional.of(BOX);
            case 5 -> Optional.of(HAMMING);
            default -> Optional.empty();
        };
    }

    abstract double at(double distance);

    private static double sinc(double x) {
        return x == 0 ? 1 : StrictMath.sin(x * Math.PI) / (x * Math.PI);
    }
}
