package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Device.Grid;
import dev.fovea.backend.cuda.device.Kernel;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Launches of {@code few.cu}, {@code gemm.cu} and {@code mma.cu}: rows of (T, K) times a weight (N, K). */
final class Linear {
    private static final int THREADS = 256;
    private static final List<Integer> ROOMS = List.of(1, 2, 4, 8, Backend.FEW_ROWS); // for rows of x, of few.cu
    private static final int GEMM_TILE = 64; // rows and outputs of a block of gemm.cu
    private static final int MMA_ROWS = 128; // of a block of mma.cu
    private static final int MMA_OUTPUTS = 128;
    private static final int MMA_STAGES = 3;
    private static final int MMA_PITCH = 40; // elements between rows in shared memory

    private final Device device;
    private final LibraryLinear library;
    private final Set<Kernel.Module> met = ConcurrentHashMap.newKeySet();

    Linear(Device device) {
        this.device = device;
        library = new LibraryLinear(device);
    }

    /** {@link Backend#linear} into a densely packed tensor. */
    void multiply(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        if (out.shape().size() == 0) {
            return;
        }
        if (met.add(gemmModule(x, w))) {
            device.prepare(Kernels.of(x.dtype(), w.dtype())); // the model has only begun to run
        }
        if (x.dim(0) > Backend.FEW_ROWS) {
            many(x, w, bias, out);
        } else if (w.isContiguous()) {
            few(Form.of(x.dim(0), w.dim(0), w.dim(1)), x, w, bias, out);
        } else {
            gemm(x, w, bias, out);
        }
    }

    /** At most {@link Backend#FEW_ROWS} rows, each by itself. */
    void few(Form form, Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        Kernel kernel = new Kernel(fewModule(x.dtype(), w.dtype(), room(x.dim(0))), form.entry, THREADS);
        Products.Matrix matrix = new Products.Matrix(
                Products.Weight.dense(Rows.address(w)),
                Products.Bias.of(bias),
                Rows.address(out),
                w.dim(0),
                Products.Further.NONE);
        Products products =
                new Products(kernel, Rows.address(x), Rows.stride(x), x.dim(0), w.dim(1), false, List.of(matrix));
        products.launch().on(device);
    }

    private static int room(int rows) {
        return rows == 1 ? 1 : 2 * Integer.highestOneBit(rows - 1); // of ROOMS
    }

    /** More rows, whose bits may depend on how many there are. */
    private void many(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        if (library.multiply(x, w, bias, out)) {
            return;
        }
        if (x.dtype() == DType.FLOAT32) {
            gemm(x, w, bias, out);
        } else {
            mma(x, w, bias, out);
        }
    }

    /** By float32 arithmetic; each row by itself too. */
    private void gemm(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        Arguments arguments = addBias(operands(x, w), bias)
                .pointer(Rows.address(out))
                .integer(w.dim(0))
                .integer(w.dim(1));
        Grid grid = new Grid(Math.ceilDiv(x.dim(0), GEMM_TILE), Math.ceilDiv(w.dim(0), GEMM_TILE), 1);
        device.launch(new Kernel(gemmModule(x, w), "gemm", THREADS), grid, arguments);
    }

    private static Kernel.Module gemmModule(Tensor x, Tensor w) {
        return Kernel.Module.of("gemm", x.dtype(), w.dtype());
    }

    /** By tensor cores: 16 bits. */
    private void mma(Tensor x, Tensor w, @Nullable Tensor bias, Tensor out) {
        int across = Math.ceilDiv(w.dim(0), MMA_OUTPUTS);
        boolean large = (long) Math.ceilDiv(x.dim(0), MMA_ROWS) * across >= device.multiprocessors();
        int rows = large ? MMA_ROWS : MMA_ROWS / 2; // else too few blocks; an element's sum is the same
        int sharedBytes =
                MMA_STAGES * (rows + MMA_OUTPUTS) * MMA_PITCH * x.dtype().bytes();
        Kernel kernel = new Kernel(Kernel.Module.of("mma", x.dtype()), "product_" + rows, THREADS, sharedBytes);
        Arguments arguments = operands(x, w)
                .pointer(bias == null ? 0 : Rows.address(bias))
                .pointer(Rows.address(out))
                .integer(w.dim(0))
                .integer(w.dim(1));
        device.launch(kernel, new Grid(Math.ceilDiv(x.dim(0), rows), across, 1), arguments);
    }

    /** Rows and their stride; a weight and the distances of its outputs and of their values. */
    private static Arguments operands(Tensor x, Tensor w) {
        boolean dense = w.isContiguous();
        return new Arguments()
                .pointer(Rows.address(x))
                .pointer(Rows.stride(x))
                .integer(x.dim(0))
                .pointer(Rows.address(w))
                .pointer(dense ? w.dim(1) : 1)
                .pointer(dense ? 1 : w.dim(0));
    }

    /** A vector whose dtype the kernels learn at run time: its address, and which of {@code element}'s dtypes it has. */
    static Arguments addBias(Arguments arguments, @Nullable Tensor bias) {
        return bias == null
                ? arguments.pointer(0).integer(0)
                : arguments.pointer(Rows.address(bias)).integer(type(bias.dtype()));
    }

    /** Which of {@code element}'s dtypes a dtype is. */
    static int type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> 1;
            case BFLOAT16 -> 2;
            case FLOAT16 -> 3;
            default -> throw new IllegalArgumentException("no kernels for " + dtype.torchName());
        };
    }

    /** What kernels of {@code few.cu} there are for activations and weights of some dtypes. */
    static List<Kernel.Module> fewModules(DType x, DType w) {
        return ROOMS.stream().map(rows -> fewModule(x, w, rows)).toList();
    }

    private static Kernel.Module fewModule(DType x, DType w, int rows) {
        return Kernel.Module.of("few", x, w, "ROWS", rows);
    }
}
