package dev.fovea.backend.cpu.products;

import dev.fovea.backend.cpu.machine.Isa;
import dev.fovea.backend.cpu.machine.Workers;
import dev.fovea.backend.cpu.rows.Lanes;
import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.SharedRows;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products by machine code: bfloat16 by the processor's instructions for it, float16 by AMX as two bfloat16 each, all else as
 * float32. A row's bits depend on no other row, in bfloat16 with AMX up to {@link #sharedRows}.
 */
public final class CodeGemm implements Gemm {
    /** Rows up to which AMX with weights where they lie is faster than oneDNN, which packs them first. */
    private static final int TILE_ROWS = 128;

    private final Gemm small;
    private final Supplier<Gemm> makesRest;
    private final boolean amx;
    private final PackedProducts floats;
    private final @Nullable PackedProducts pairs;
    private final @Nullable FewRowsProducts few;
    private final boolean splits;
    private final boolean wide;
    private final Workers workers;
    private final DotCode widening;
    private @Nullable PackedProducts halves; // when first needed: few models are of float16
    private @Nullable Gemm rest;

    /**
     * @param widening what makes float32 of the other dtypes
     * @param rest makes what multiplies tiles of attention and many rows of bfloat16 where the processor has AMX,
     *     and float16 where it has products of it and no AMX, which take half the loads of float32's; asked once, when needed
     * @throws dev.fovea.error.NativeException where the system runs no machine code
     */
    public CodeGemm(Workers workers, DotCode widening, Supplier<Gemm> rest) {
        this.workers = workers;
        this.widening = widening;
        makesRest = rest;
        amx = Isa.AVX512_FP16.isPresent() && rest().has(Isa.AMX);
        small = new JavaGemm(workers, "for small products");
        wide = Lanes.SHAPE.vectorBitSize() == 512;
        floats = new PackedProducts(
                workers, wide ? ProductCode.Arithmetic.FLOATS_512 : ProductCode.Arithmetic.FLOATS_256, widening);
        ProductCode.Arithmetic inPairs = amx ? ProductCode.Arithmetic.TILES : ProductCode.Arithmetic.PAIRS;
        pairs = has(Isa.AVX512_BF16) && wide ? new PackedProducts(workers, inPairs, widening) : null;
        splits = amx && wide;
        few = splits ? new FewRowsProducts(workers, widening) : null;
    }

    /** Who has float16 too may have AMX, for which the library asks the system. */
    @Override
    public boolean has(Isa isa) {
        return isa.compareTo(Isa.AVX512_FP16) < 0 ? isa.isPresent() : Isa.AVX512_FP16.isPresent() && rest().has(isa);
    }

    private synchronized Gemm rest() {
        if (rest == null) {
            rest = makesRest.get();
        }
        return rest;
    }

    private synchronized PackedProducts halves() {
        if (halves == null) {
            halves = new PackedProducts(
                    workers, splits ? ProductCode.Arithmetic.SPLIT_TILES : ProductCode.Arithmetic.HALVES, widening);
        }
        return halves;
    }

    private static boolean inPairs(DType x, DType weight) {
        return x == DType.BFLOAT16 && weight == DType.BFLOAT16;
    }

    private static boolean inHalves(DType x, DType weight) {
        return x == DType.FLOAT16 && weight == DType.FLOAT16;
    }

    @Override
    public void multiply(Rows x, Weight w, @Nullable Rows bias, Rows out) {
        if (JavaGemm.suits(x.dtype(), w)) {
            small.multiply(x, w, bias, out);
        } else if (wide && inHalves(x.dtype(), w.dtype()) && (splits ? !w.transposed() : !has(Isa.AVX512_FP16))) {
            halves().multiply(x, w, bias, out);
        } else if (inHalves(x.dtype(), w.dtype()) && has(Isa.AVX512_FP16)) {
            rest().multiply(x, w, bias, out);
        } else if (pairs == null || !inPairs(x.dtype(), w.dtype())) {
            floats.multiply(x, w, bias, out);
        } else if (few != null && x.count() <= Backend.FEW_ROWS) {
            few.multiply(x, w, bias, out);
        } else if (amx && x.count() > TILE_ROWS) {
            rest().multiply(x, w, bias, out);
        } else {
            pairs.multiply(x, w, bias, out);
        }
    }

    @Override
    public boolean takesFew(DType x, DType weight) {
        return few != null && inPairs(x, weight);
    }

    @Override
    public String describeFew() {
        return "machine code by AMX";
    }

    @Override
    public SharedRows sharedRows(DType dtype) {
        return shares(dtype) ? new SharedRows(1, TILE_ROWS) : SharedRows.MANY;
    }

    @Override
    public TileProducts tile(DType dtype, int keys) {
        return rest().tile(dtype, keys);
    }

    @Override
    public String describe() {
        return "machine code, bfloat16 by " + arithmetic(DType.BFLOAT16)
                + (splits ? "; attention of prompts by " + rest().describe() : "");
    }

    @Override
    public String describe(DType dtype) {
        if (dtype == DType.FLOAT16 && splits) {
            return "machine code by AMX, as two bfloat16 each";
        }
        if (dtype == DType.FLOAT16 && has(Isa.AVX512_FP16)) {
            return rest().describe(dtype);
        }
        return "machine code by " + arithmetic(dtype)
                + (shares(dtype) ? ", from " + (TILE_ROWS + 1) + " on oneDNN" : "");
    }

    /** Whether many rows go to the other. */
    private boolean shares(DType dtype) {
        return dtype == DType.BFLOAT16 && few != null;
    }

    private String arithmetic(DType dtype) {
        if (dtype != DType.BFLOAT16 || pairs == null) {
            return "float32";
        }
        return amx ? "AMX" : "AVX512_BF16";
    }

    @Override
    public String describeTiles() {
        return rest().describe();
    }

    @Override
    public synchronized void close() {
        if (rest != null) {
            rest.close();
        }
    }
}
