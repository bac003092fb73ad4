package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of queries, keys and values before attention: norms of heads, rotary embedding, and the way into the cache; a warp
 * for each head of each row.
 */
final class HeadRows implements Fusion.Rule {
    private static final int MOST = 3;
    private static final int WARPS = 8;

    private static final int COPIED = 64;

    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        Run run = new Run();
        int count = 0;
        while (count < calls.size() && calls.get(count) instanceof Step.Launch launch && run.take(launch)) {
            count++;
        }
        return count < 2 ? Optional.empty() : run.fused(count, place.ofStep());
    }

    /** Calls that follow one another, as long as they fit. */
    private static final class Run {
        private final List<Heads> all = new ArrayList<>();
        private String type = "";
        private String norm = "";
        private float eps;
        private int rows;
        private int width;
        private long cos;
        private long sin;

        boolean take(Step.Launch launch) {
            String x = launch.kernel().module().macro("X");
            if (!type.isEmpty() && !type.equals(x)) {
                return false;
            }
            Kernel.Module module = launch.kernel().module();
            Arguments.Reader read = launch.arguments().read();
            boolean taken = switch (launch.kernel().entry()) {
                case "rms_norm_warp" -> module.isOfOne("norm", x) && norm("rms_norm", read);
                case "rms_norm_plus_one_warp" -> module.isOfOne("norm", x) && norm("rms_norm_plus_one", read);
                case "rope" -> module.isOfOne("elementwise", x) && rope(read);
                case "scatter" -> module.isOfOne("movement", x) && scatter(read);
                default -> false;
            };
            if (taken) {
                type = x;
            }
            return taken;
        }

        private boolean norm(String kind, Arguments.Reader read) {
            Heads heads = new Heads(read.pointer(), 0);
            heads.weight = read.pointer();
            heads.normed = read.pointer();
            heads.normedRows = read.pointer();
            int wide = read.integer();
            float small = read.real();
            boolean fits = norm.isEmpty() || (norm.equals(kind) && eps == small);
            if (!fits || all.size() == MOST || !isWidth(wide)) {
                return false;
            }
            norm = kind;
            eps = small;
            width = wide;
            return all.add(heads);
        }

        private boolean rope(Arguments.Reader read) {
            long x = read.pointer();
            long stride = read.pointer();
            long c = read.pointer();
            long s = read.pointer();
            long out = read.pointer();
            long pairs = read.pointer();
            int count = read.integer();
            int half = read.integer();
            long many = pairs / ((long) count * half);
            if (!isWidth(2 * half) || !isRows(many) || (cos != 0 && (c != cos || s != sin))) {
                return false;
            }
            Heads heads = find(x);
            if (heads == null || heads.turned != 0 || heads.cache != 0) {
                heads = new Heads(x, stride);
            } else if (heads.normedRows != many * count || (many > 1 && stride != 2L * half * count)) {
                return false;
            }
            if (!add(heads)) {
                return false;
            }
            heads.turned = out;
            heads.elements = 2L * half * count;
            width = 2 * half;
            rows = (int) many;
            cos = c;
            sin = s;
            return true;
        }

        private boolean scatter(Arguments.Reader read) {
            long target = read.pointer();
            long stride = read.pointer();
            long ids = read.pointer();
            long source = read.pointer();
            long sourceStride = read.pointer();
            long n = read.pointer();
            long elements = read.pointer();
            long many = n / elements;
            if (!isRows(many) || all.stream().anyMatch(h -> h.cache == target)) {
                return false;
            }
            Heads heads = find(source);
            if (heads == null || heads.cache != 0 || heads.elements == 0) {
                heads = new Heads(source, sourceStride);
                heads.elements = elements;
            } else if (heads.elements != elements || (many > 1 && sourceStride != elements)) {
                return false;
            }
            if (!add(heads)) {
                return false;
            }
            heads.cache = target;
            heads.cacheStride = stride;
            heads.ids = ids;
            rows = (int) many;
            return true;
        }

        private @Nullable Heads find(long address) {
            return all.stream().filter(h -> h.last() == address).findFirst().orElse(null);
        }

        private boolean add(Heads heads) {
            return all.contains(heads) || (all.size() < MOST && all.add(heads));
        }

        private boolean isWidth(int other) {
            return width == 0 || width == other;
        }

        private boolean isRows(long other) {
            return rows == 0 || rows == other;
        }

        /** How much a warp copies where nothing says how wide a head is. */
        private int copied() {
            return all.stream().allMatch(h -> h.elements % COPIED == 0) ? COPIED : (int) all.getFirst().elements;
        }

        Optional<Fusion.Fused> fused(int count, LongPredicate ofStep) {
            int wide = width != 0 ? width : copied();
            if (!all.stream().allMatch(h -> h.isDone(wide, ofStep))) {
                return Optional.empty();
            }
            Arguments arguments = new Arguments();
            List<Bytes> touched = new ArrayList<>();
            int heads = 0;
            for (int i = 0; i < MOST; i++) {
                Heads h = i < all.size() ? all.get(i) : new Heads(0, 0);
                h.addTo(arguments, wide);
                touched.addAll(h.touched(type, rows));
                heads += (int) h.elements / wide;
            }
            for (long table : new long[] {cos, sin}) {
                touched.add(Bytes.of(type, table, table == 0 ? 0 : (long) rows * wide / 2));
            }
            arguments.pointer(cos).pointer(sin).integer(rows).integer(wide).real(eps);
            Kernel.Module module = new Kernel.Module("norm", List.of("X=" + type, "W=" + type));
            Kernel kernel = new Kernel(module, "heads_" + (norm.isEmpty() ? "rms_norm" : norm), 32 * WARPS);
            Grid grid = Grid.of(Math.ceilDiv(rows * heads, WARPS));
            return Fusion.Fused.where(touched, new Step.Launch(kernel, grid, arguments), count);
        }
    }

    /** Rows of some heads, and what is done to them. An address of 0 is that of nothing. */
    private static final class Heads {
        private final long x;
        private final long stride; // of x, where it is not normed: then it lies densely
        private long weight;
        private long normed;
        private long normedRows;
        private long turned;
        private long cache;
        private long cacheStride;
        private long ids;
        private long elements; // of a row

        Heads(long x, long stride) {
            this.x = x;
            this.stride = stride;
        }

        /** Where the last that was made of them lies. */
        long last() {
            return turned != 0 ? turned : normed != 0 ? normed : x;
        }

        /** Whether something was made of them that the kernel can make, all but what is put into the cache in the step's memory. */
        boolean isDone(int width, LongPredicate ofStep) {
            return elements != 0
                    && elements % width == 0
                    && ofStep.test(x)
                    && (normed == 0 || ofStep.test(normed))
                    && (turned == 0 || ofStep.test(turned))
                    && !ofStep.test(cache);
        }

        void addTo(Arguments arguments, int width) {
            arguments
                    .pointer(x)
                    .pointer(normed != 0 ? elements : stride)
                    .pointer(weight)
                    .pointer(normed)
                    .pointer(turned)
                    .pointer(cache)
                    .pointer(cacheStride)
                    .pointer(ids)
                    .integer((int) elements / width)
                    .pad();
        }

        List<Bytes> touched(String type, int rows) {
            List<Bytes> touched = new ArrayList<>();
            if (x != 0) {
                touched.add(Bytes.of(type, x, (rows - 1) * (normed != 0 ? elements : stride) + elements));
            }
            for (long out : new long[] {normed, turned}) {
                if (out != 0) {
                    touched.add(Bytes.of(type, out, rows * elements));
                }
            }
            return touched;
        }
    }
}
