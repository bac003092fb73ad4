package dev.fovea.backend.cuda.device;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.fovea.ffi.Cleanup;
import dev.fovea.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Products by cuBLASLt. What it chose for a shape is kept; it never splits a sum, so that a product has the same bits at every
 * run, and it relies on 16 bytes of alignment and no more, so that they do not depend on where operands lie. In the current
 * context; for one thread at a time.
 */
public final class LibraryProducts implements AutoCloseable {
    static final long WORKSPACE = 32L << 20;
    private static final int ALIGNMENT = 16;

    /** A prompt of another length is another shape of each of a model's products. */
    private static final int MOST_PLANS = 1024;

    private final long handle = CublasLt.handle();
    private final long stream;
    private final long workspace;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment factors = arena.allocateFrom(JAVA_FLOAT, 1f, 0f);
    private final Map<Product, Optional<Plan>> plans = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Product, Optional<Plan>> eldest) {
            if (size() > MOST_PLANS) {
                eldest.getValue().ifPresent(Plan::destroy);
                return true;
            }
            return false;
        }
    };

    /** @param workspace the address of {@value #WORKSPACE} bytes */
    LibraryProducts(long stream, long workspace) {
        this.stream = stream;
        this.workspace = workspace;
    }

    /** The library's matrices are packed by columns: it computes yᵀ = w xᵀ. */
    record Plan(long product, long w, long x, long y, MemorySegment algorithm, Handles handles) {
        static Plan of(Product p) {
            Handles handles = new Handles();
            try {
                return new Plan(
                        handles.product(!p.transposed(), p.biased()),
                        p.transposed()
                                ? handles.matrix(p.dtype(), p.outputs(), p.width(), p.outputs())
                                : handles.matrix(p.dtype(), p.width(), p.outputs(), p.width()),
                        handles.matrix(p.dtype(), p.width(), p.rows(), p.rowStride()),
                        handles.matrix(p.dtype(), p.outputs(), p.rows(), p.outputs()),
                        handles.algorithm(),
                        handles);
            } catch (RuntimeException | Error e) {
                Cleanup.after(e, handles::destroy);
                throw e;
            }
        }

        void destroy() {
            handles.destroy();
        }
    }

    /** What a plan has made so far. */
    static final class Handles {
        private final Arena arena = Arena.ofShared();
        private final List<Runnable> destroying = new ArrayList<>(List.of(arena::close));

        long product(boolean transposeA, boolean biased) {
            long product = CublasLt.product(transposeA, biased);
            destroying.add(() -> CublasLt.destroyProduct(product));
            return product;
        }

        long matrix(DType dtype, long rows, long columns, long stride) {
            long matrix = CublasLt.matrix(dtype, rows, columns, stride);
            destroying.add(() -> CublasLt.destroyMatrix(matrix));
            return matrix;
        }

        MemorySegment algorithm() {
            return arena.allocate(CublasLt.RESULT_BYTES, 16);
        }

        void destroy() {
            Cleanup.each(destroying, Runnable::run);
        }
    }

    /** Whether the library has an algorithm for it. */
    boolean knows(Product product) {
        return plans.computeIfAbsent(product, this::plan).isPresent();
    }

    /** Multiplies, later; what it {@linkplain #knows knows}, and is {@linkplain #isAligned aligned}. */
    void multiply(Product product, long x, long w, long bias, long y) {
        Plan plan = plans.computeIfAbsent(product, this::plan)
                .orElseThrow(() -> new IllegalArgumentException("cuBLASLt has no algorithm for " + product));
        run(plan, product.biased(), x, w, bias, y);
    }

    private void run(Plan plan, boolean biased, long x, long w, long bias, long y) {
        if (biased) {
            CublasLt.setBias(plan.product, bias);
        }
        CublasLt.run(
                handle,
                plan.product,
                factors,
                w,
                plan.w,
                x,
                plan.x,
                y,
                plan.y,
                plan.algorithm,
                workspace,
                WORKSPACE,
                stream);
    }

    private Optional<Plan> plan(Product product) {
        Plan plan = Plan.of(product);
        boolean found = false;
        try {
            found = choose(plan);
            return found ? Optional.of(plan) : Optional.empty();
        } finally {
            if (!found) {
                plan.destroy();
            }
        }
    }

    private boolean choose(Plan plan) {
        long preference = CublasLt.preference(WORKSPACE, ALIGNMENT);
        try {
            return CublasLt.choose(handle, plan.product, plan.w, plan.x, plan.y, preference, plan.algorithm);
        } finally {
            CublasLt.destroyPreference(preference);
        }
    }

    /** Whether each column of all matrices begins at a multiple of {@value #ALIGNMENT} bytes. */
    public static boolean isAligned(Product product, long x, long w, long y) {
        long bytes = product.dtype().bytes();
        long strides = product.rowStride() * bytes
                | product.outputs() * bytes
                | (product.transposed() ? 0 : product.width() * bytes);
        return ((x | w | y | strides) & (ALIGNMENT - 1)) == 0;
    }

    @Override
    public void close() {
        Cleanup.all(
                () -> Cleanup.each(plans.values(), plan -> plan.ifPresent(Plan::destroy)),
                () -> CublasLt.destroyHandle(handle),
                arena::close);
    }
}
