package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.products.DotCode;
import dev.fovea.backend.cpu.products.FewRowsTile;
import dev.fovea.backend.cpu.products.Gemm;
import dev.fovea.backend.cpu.products.TileProducts;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Mask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Attention by tiles of keys with a running softmax (Dao et al., FlashAttention, 2022): memory is linear in length for each thread, and
 * a tile that no query of a span sees is skipped. A span is one call of machine code ({@link SpanAttention}) where there is one for it,
 * else its products are {@link TileProducts}.
 */
public final class Attention {
    /** Rows of scores, a row being a query and one of its heads: a tile of them stays in the second-level cache. */
    private static final int SPAN_ROWS = 512;

    /** The same where keys and values are packed for a span, which then has to be worth it. */
    private static final int PACKED_SPAN_ROWS = 1024;

    /** Query heads of a part, at least: each part widens all values, which two heads do not pay for. */
    private static final int LEAST_HEADS = 4;

    private static final Map<Kernel, SpanAttention> KERNELS = new ConcurrentHashMap<>();

    private final Workers workers;
    private final Gemm gemm;
    private final boolean javaAlone;
    private final boolean byCode;
    private final boolean steps; // by StepBlock

    /** Of which heads; by AMX, by vectors in a form, or heads too wide for both a part at a time. */
    private record Kernel(VectorFlashCode.@Nullable Form form, int width, DType dtype) {
        private static final int ANY = 0;

        static Kernel wide(DType dtype) {
            return new Kernel(null, ANY, dtype);
        }

        SpanAttention make() {
            DotCode code = Objects.requireNonNull(DotCode.Found.here().code());
            if (width == ANY) {
                return new WideBlock(dtype, code);
            }
            return form == null ? new FlashBlock(width) : new VectorFlashBlock(form, width, dtype, code);
        }
    }

    /**
     * @param javaAlone whether machine code is to be left out
     * @param byCode whether machine code may attend to spans
     */
    public Attention(Workers workers, Gemm gemm, boolean javaAlone, boolean byCode) {
        this.workers = workers;
        this.gemm = gemm;
        this.javaAlone = javaAlone;
        this.byCode = byCode && DotCode.Found.here().code() != null;
        steps = this.byCode && has(Isa.AVX512_BF16) && !has(Isa.AMX);
    }

    /** What attends; for people. */
    public String describe() {
        if (!byCode) {
            return "products by " + products();
        }
        if (has(Isa.AMX)) {
            return "bfloat16 of pictures by machine code by AMX; else products by " + products();
        }
        return "machine code, " + (has(Isa.AVX512_BF16) ? "scores of bfloat16 by AVX512_BF16, else " : "") + "float32";
    }

    private boolean has(Isa isa) {
        return gemm.has(isa) && Lanes.SHAPE.vectorBitSize() == 512;
    }

    private String products() {
        return javaAlone ? "Java" : gemm.describeTiles();
    }

    /** H query heads over G key heads of width D. */
    public record Heads(int queries, int keys, int width) {
        /** Query heads per key head. */
        int shared() {
            return queries / keys;
        }

        /** Of those that share a key head. */
        HeadPart part(int group, int part, int parts) {
            int from = part * shared() / parts;
            int to = (part + 1) * shared() / parts;
            return new HeadPart(group, group * shared() + from, to - from);
        }
    }

    /** Query heads that share a key head, all or some: so many from the first one on. */
    record HeadPart(int group, int first, int count) {}

    /** Neighbouring queries of one sequence that see overlapping keys: first query, number, union of what they see. */
    record Span(int first, int count, int from, int to) {}

    /**
     * How the keys of a span are taken.
     *
     * @param start of the first tile; what lies in front of the span's first key is not read
     * @param tile keys at a time
     */
    record Tiles(int start, int tile, TileProducts products) {}

    /** All operands of one call; q and out are rows of (T, H, D), k and v of (S, G, D). */
    public record Call(Rows q, Rows k, Rows v, Rows out, Heads heads, Mask mask, float scale) {
        /** Where a head of a row begins. */
        long head(Rows rows, int row, int head) {
            return rows.row(row) + (long) head * heads.width() * rows.dtype().bytes();
        }

        /** How many of the keys that a query has from a position on lie in rows one behind the other. */
        int run(int query, int position, int limit) {
            int first = mask.row(query, position);
            int run = 1;
            while (run < limit && mask.row(query, position + run) == first + run) {
                run++;
            }
            return run;
        }

        /** Whether queries are of prompts: what one gets does not depend on where its prompt is cut. */
        boolean ofPrompts() {
            return mask.rows().length > 0 && mask.queries() > Backend.FEW_ROWS;
        }
    }

    public void run(Call call) {
        SpanAttention packed = byCode ? kernel(call) : null;
        boolean prompt = packed == null && call.ofPrompts();
        boolean wide = call.heads().width() > SpanAttention.LARGEST_WIDTH;
        int rows = packed == null || wide ? SPAN_ROWS : PACKED_SPAN_ROWS;
        List<Span> spans = spans(call.mask(), Math.max(1, rows / call.heads().shared()), prompt);
        int groups = call.heads().keys();
        DotCode code = javaAlone ? null : DotCode.Found.here().code();
        boolean whole = packed != null && spans.stream().anyMatch(span -> packed.suits(call, span));
        int parts = whole ? 1 : parts(call, spans.size());
        boolean stepping = steps && StepBlock.suits(call);
        workers.run(spans.size() * groups * parts, i -> {
            Span span = spans.get(i / parts / groups);
            int group = i / parts % groups;
            if (packed != null && packed.suits(call, span)) {
                packed.run(call, span, group);
                return;
            }
            HeadPart heads = call.heads().part(group, i % parts, parts);
            if (stepping && StepBlock.suits(span)) {
                StepBlock.run(call, span, heads);
                return;
            }
            Tiles tiles = prompt ? fixed(call, span, code) : fitted(call, span, code);
            new AttentionBlock(call, span, heads, tiles, code).run();
        });
    }

    /**
     * Parts of the query heads that share a key head, where few queries leave threads without work. Parts have no bits of their own, since
     * rows of {@link FewRowsTile} know of no other.
     */
    private int parts(Call call, int spans) {
        Heads heads = call.heads();
        if (call.mask().queries() * heads.shared() >= FewRowsTile.LIMIT) {
            return 1;
        }
        int threads = workers.count() / Math.max(1, spans * heads.keys());
        return Math.clamp(heads.shared() / LEAST_HEADS, 1, Math.max(1, threads));
    }

    /** The machine code for spans of a call; null where nothing but tiles attends. */
    private @Nullable SpanAttention kernel(Call call) {
        int width = call.heads().width();
        DType dtype = call.q().dtype();
        boolean step = call.mask().rows().length > 0 && !call.ofPrompts(); // none packs keys for so few queries
        if (step || !SpanAttention.suits(call)) {
            return null;
        }
        boolean amx = has(Isa.AMX);
        if (width > SpanAttention.LARGEST_WIDTH) {
            return amx || call.mask().rows().length > 0 ? null : made(Kernel.wide(dtype));
        }
        if (amx) {
            return FlashBlock.suits(call) ? made(new Kernel(null, width, dtype)) : null;
        }
        VectorFlashCode.Form form = VectorFlashCode.Form.of(dtype, width, has(Isa.AVX512_BF16));
        return form == null ? null : made(new Kernel(form, width, dtype));
    }

    private static SpanAttention made(Kernel kernel) {
        return KERNELS.computeIfAbsent(kernel, Kernel::make);
    }

    /** As the span has it. */
    private Tiles fitted(Call call, Span span, @Nullable DotCode code) {
        int keys = span.to() - span.from();
        int rows = span.count() * call.heads().shared();
        TileProducts products = rows < FewRowsTile.LIMIT
                ? new FewRowsTile(code)
                : products(call.q().dtype(), keys, code);
        return new Tiles(span.from(), AttentionBlock.tile(keys), products);
    }

    /**
     * Of many rows. Without AMX machine code attends to nearly all of them, and what is left, such as a prompt of a few tokens, is not
     * worth loading a library in the midst of an answer.
     */
    private TileProducts products(DType dtype, int keys, @Nullable DotCode code) {
        return byCode && !has(Isa.AMX) ? new FewRowsTile(code) : gemm.tile(dtype, keys);
    }

    /**
     * As a query's own place in its sequence has it, so that what it gets does not depend on where its prompt is cut: see {@link
     * Backend#sharedRows}.
     */
    private Tiles fixed(Call call, Span span, @Nullable DotCode code) {
        int reach = reach(span.to());
        int tile = Math.min(reach, AttentionBlock.LARGEST_TILE);
        int leastKeys = reach / 2 + 1;
        return new Tiles(span.from() / tile * tile, tile, products(call.q().dtype(), leastKeys, code));
    }

    /** The step in which a query's last key lies: 64, 128, 256, or 512 for all beyond. Queries of a span have the same. */
    private static int reach(int to) {
        int reach = AttentionBlock.TILE_STEP;
        while (reach < to && reach <= AttentionBlock.LARGEST_TILE) {
            reach *= 2;
        }
        return reach;
    }

    private static List<Span> spans(Mask mask, int limit, boolean prompt) {
        List<Span> spans = new ArrayList<>();
        int first = 0;
        while (first < mask.queries()) {
            int from = mask.from()[first];
            int to = mask.to()[first];
            int end = first + 1;
            while (end < mask.queries()
                    && end - first < limit
                    && joins(mask, first, end, from, to)
                    && (!prompt || reach(mask.to()[first]) == reach(mask.to()[end]))) {
                from = Math.min(from, mask.from()[end]);
                to = Math.max(to, mask.to()[end]);
                end++;
            }
            spans.add(new Span(first, end - first, from, to));
            first = end;
        }
        return spans;
    }

    private static boolean joins(Mask mask, int first, int next, int from, int to) {
        boolean sameSequence = mask.rows().length == 0 || mask.sequence()[first] == mask.sequence()[next];
        return sameSequence && mask.from()[next] < to && mask.to()[next] > from;
    }
}
