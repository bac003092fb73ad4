package dev.fovea.backend.cpu.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.fovea.backend.cpu.machine.Buffer;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Lifetime;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A matrix product of fixed shape, {@code dst (M, N) = src (M, K) weights (K, N) + bias (N)}: made once, executed by any
 * number of threads at once, each of which computes alone.
 */
public final class MatMul implements AutoCloseable {
    /** In place of a stride. */
    public static final int PAIRS = -1;

    private static final ThreadLocal<Worker> WORKER = ThreadLocal.withInitial(Worker::new);

    /**
     * What makes two products the same primitive: strides in elements; the last axis of src and dst is dense.
     *
     * @param dtype of src, weights and bias
     * @param bias whether there is one
     * @param weightRow elements between neighbours along K; {@link #PAIRS} for weights as {@link OneDnn#pairs} has them
     * @param weightColumn elements between neighbours along N
     */
    public record Form(
            DType dtype,
            DType dst,
            boolean bias,
            int m,
            int n,
            int k,
            long srcStride,
            long weightRow,
            long weightColumn,
            long dstStride) {}

    private final Form form;
    private final MemorySegment src;
    private final MemorySegment weights;
    private final MemorySegment bias;
    private final MemorySegment dst;
    private final MemorySegment scratch;
    private final MemorySegment descriptor;
    private final MemorySegment primitive;

    MatMul(Form form) {
        OneDnn.threads(1); // the primitive is made for as many threads as its maker may use
        this.form = form;
        int type = type(form.dtype());
        src = OneDnn.matrix(type, form.m(), form.k(), form.srcStride(), 1);
        weights = form.weightRow() == PAIRS
                ? OneDnn.pairs(type, form.k(), form.n())
                : OneDnn.matrix(type, form.k(), form.n(), form.weightRow(), form.weightColumn());
        bias = form.bias() ? OneDnn.matrix(type, 1, form.n(), form.n(), 1) : MemorySegment.NULL;
        dst = OneDnn.matrix(type(form.dst()), form.m(), form.n(), form.dstStride(), 1);
        descriptor = OneDnn.matmulDescriptor(OneDnn.engine(), src, weights, bias, dst);
        primitive = OneDnn.primitive(descriptor);
        scratch = OneDnn.scratchpad(descriptor);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> OneDnn.F32;
            case BFLOAT16 -> OneDnn.BF16;
            case FLOAT16 -> OneDnn.F16;
            default -> throw new IllegalArgumentException(dtype.torchName());
        };
    }

    Form form() {
        return form;
    }

    /** Multiplies what lies at these addresses; the bias is ignored where the form has none. */
    public void execute(long srcAt, long weightsAt, long biasAt, long dstAt) {
        Worker worker = WORKER.get();
        worker.count = 0;
        worker.pass(OneDnn.ARG_SRC, src, srcAt);
        worker.pass(OneDnn.ARG_WEIGHTS, weights, weightsAt);
        worker.pass(OneDnn.ARG_DST, dst, dstAt);
        if (bias.address() != 0) {
            worker.pass(OneDnn.ARG_BIAS, bias, biasAt);
        }
        worker.pass(OneDnn.ARG_SCRATCHPAD, scratch, worker.scratch.bytes(OneDnn.size(scratch)));
        worker.execute(primitive);
    }

    @Override
    public void close() {
        OneDnn.destroyPrimitive(primitive);
        OneDnn.destroyDescriptor(descriptor);
        for (MemorySegment matrix : new MemorySegment[] {src, weights, bias, dst}) {
            if (matrix.address() != 0) {
                OneDnn.destroyMatrix(matrix);
            }
        }
    }

    /** A thread's own stream, arguments and scratch memory. */
    private static final class Worker {
        private static final int ARGUMENTS = 5;

        private final MemorySegment arguments = Arena.ofAuto().allocate(OneDnn.EXEC_ARG, ARGUMENTS);
        private final MemorySegment[] memories = new MemorySegment[ARGUMENTS];
        private final MemorySegment stream;

        @SuppressWarnings("UnusedVariable") // held for as long as the thread lives; its end destroys the stream
        private final Lifetime lifetime;

        private final Buffer scratch = new Buffer();
        private int count;

        Worker() {
            OneDnn.threads(1);
            MemorySegment made = OneDnn.stream(OneDnn.engine());
            stream = made;
            lifetime = new Lifetime(() -> OneDnn.destroyStream(made));
        }

        void pass(int argument, MemorySegment descriptor, long address) {
            memories[count] = OneDnn.memory(descriptor, OneDnn.engine(), address);
            long at = count * OneDnn.EXEC_ARG.byteSize();
            arguments.set(JAVA_INT, at, argument);
            arguments.set(ADDRESS, at + ADDRESS.byteSize(), memories[count]);
            count++;
        }

        void execute(MemorySegment primitive) {
            try {
                OneDnn.execute(primitive, stream, count, arguments);
            } finally {
                for (int i = 0; i < count; i++) {
                    OneDnn.destroyMemory(memories[i]);
                }
            }
        }
    }
}
