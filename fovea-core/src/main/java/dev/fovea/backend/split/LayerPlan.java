package dev.fovea.backend.split;

import dev.fovea.error.MemoryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of several homes takes which layers of a model: runs of layers in the order in which the model asks for them, so that
 * the hidden state goes over once between two homes.
 */
public final class LayerPlan {
    /** Free bytes of a home that takes whatever is left. */
    public static final long UNBOUNDED = Long.MAX_VALUE;

    /** Of what is free, beside a home that takes the rest: caches and activations need some too. */
    private static final double FILLED = 0.9;

    private static final Pattern LAYER = Pattern.compile("(.*?\\.\\d+)(\\..*)?");

    private final Map<String, Integer> homes;

    private LayerPlan(Map<String, Integer> homes) {
        this.homes = homes;
    }

    /**
     * Homes of known size get shares in proportion to what they have free; beside those without bound, as much as they hold, and
     * those share the rest equally.
     *
     * @param weights bytes by name, in the model's order
     * @param free bytes of each home, or {@link #UNBOUNDED}
     * @throws MemoryException where all of them together have too little
     */
    public static LayerPlan of(Map<String, Long> weights, long... free) {
        Map<String, Long> layers = new LinkedHashMap<>();
        weights.forEach((name, bytes) -> layers.merge(layer(name), bytes, Long::sum));
        double[] shares = shares(layers.values().stream().mapToLong(b -> b).sum(), free);
        Map<String, Integer> homes = new HashMap<>();
        int home = 0;
        double reached = 0; // bytes of the layers so far
        double end = shares[0]; // of the share of this home
        long taken = 0;
        for (Map.Entry<String, Long> layer : layers.entrySet()) {
            long bytes = layer.getValue();
            while (home + 1 < free.length && (reached + bytes / 2.0 > end || taken + bytes > free[home])) {
                end += shares[++home];
                taken = 0;
            }
            if (taken + bytes > free[home]) {
                throw tooLarge(weights, free);
            }
            homes.put(layer.getKey(), home);
            taken += bytes;
            reached += bytes;
        }
        return new LayerPlan(homes);
    }

    private static double[] shares(long total, long[] free) {
        double[] shares = new double[free.length];
        long unbounded = Arrays.stream(free).filter(f -> f == UNBOUNDED).count();
        double known =
                Arrays.stream(free).filter(f -> f != UNBOUNDED).asDoubleStream().sum();
        double rest = total;
        for (int i = 0; i < free.length; i++) {
            if (free[i] != UNBOUNDED) {
                shares[i] = unbounded > 0 ? Math.min(rest, FILLED * free[i]) : total * (free[i] / known);
                rest -= shares[i];
            }
        }
        for (int i = 0; i < free.length; i++) {
            if (free[i] == UNBOUNDED) {
                shares[i] = rest / unbounded;
            }
        }
        return shares;
    }

    private static MemoryException tooLarge(Map<String, Long> weights, long[] free) {
        List<String> found = new ArrayList<>();
        for (long bytes : free) {
            found.add(bytes == UNBOUNDED ? "the rest" : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9));
        }
        return new MemoryException(
                String.format(
                        Locale.ROOT,
                        "the weights take %.2f GB, layer by layer; the devices have %s free",
                        weights.values().stream().mapToLong(b -> b).sum() / 1e9,
                        String.join(" and ", found)),
                "name cpu as the last device, which takes what is left; --dtype bfloat16 halves what is float32");
    }

    /** The layer that a weight belongs to; what belongs to none is a layer by itself. */
    private static String layer(String weight) {
        Matcher numbered = LAYER.matcher(weight);
        return numbered.matches() ? numbered.group(1) : weight;
    }

    /**
     * The number of a weight's home.
     *
     * @param weight its name; what is no weight goes to the first home
     */
    public int home(String weight) {
        return homes.getOrDefault(layer(weight), 0);
    }
}
