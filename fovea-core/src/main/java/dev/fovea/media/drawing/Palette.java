package dev.fovea.media.drawing;

import java.awt.Color;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Colours that are told apart on a photograph: first those below, then hues a golden angle apart. */
final class Palette {
    /** Neighbours differ in hue and in lightness. */
    private static final List<Color> FIRST = List.of(
            new Color(0xff3b30), // red
            new Color(0x0a84ff), // blue
            new Color(0x34c759), // green
            new Color(0xffd60a), // yellow
            new Color(0xbf5af2), // purple
            new Color(0xff8a00), // orange
            new Color(0x00d5e8), // cyan
            new Color(0xff5fa8), // pink
            new Color(0xa8e10c), // lime
            new Color(0x8b5e3c), // brown
            new Color(0x5e5ce6), // indigo
            new Color(0x00a88f)); // teal

    private static final float GOLDEN_ANGLE = 0.381966f; // of a turn

    private final Map<String, Color> colours = new HashMap<>();
    private int next;

    /** Always the same for a label; a new one for each thing without a label. */
    Color colour(String label) {
        return label.isBlank() ? take() : colours.computeIfAbsent(label, _ -> take());
    }

    private Color take() {
        int i = next++;
        return i < FIRST.size()
                ? FIRST.get(i)
                : Color.getHSBColor(i * GOLDEN_ANGLE, i % 2 == 0 ? 0.85f : 0.55f, i % 3 == 0 ? 0.75f : 0.95f);
    }

    static Color withOpacity(Color colour, double opacity) {
        return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), (int) Math.round(255 * opacity));
    }

    /** White on dark and saturated colours, black on light ones: by relative luminance, WCAG 2. */
    static Color contrast(Color ground) {
        double luminance = 0.2126 * linear(ground.getRed())
                + 0.7152 * linear(ground.getGreen())
                + 0.0722 * linear(ground.getBlue());
        return luminance > 0.3 ? Color.BLACK : Color.WHITE;
    }

    private static double linear(int channel) {
        return Math.pow(channel / 255.0, 2.2);
    }
}
