package dev.fovea.backend.cuda.ptx;

import dev.fovea.error.NativeException;

/**
 * Products of small matrices by the 32 lanes of a warp together, and the loads that bring their operands. A lane's group is a
 * quarter of eight lanes: lane / 4 is its row (or column), lane % 4 the pair of values in it.
 */
abstract class PtxMatrix extends PtxOp {
    private PtxMatrix(String text) {
        super(text);
    }

    static PtxOp of(PtxEntry.Statement s, PtxOperands operands) {
        String name = String.join(".", s.opcode());
        return switch (name) {
            case "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
                    "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32",
                    "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32",
                    "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32" -> new Product(s, operands);
            case "ldmatrix.sync.aligned.m8n8.x1.shared.b16",
                    "ldmatrix.sync.aligned.m8n8.x2.shared.b16",
                    "ldmatrix.sync.aligned.m8n8.x4.shared.b16",
                    "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16",
                    "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16",
                    "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16" -> new Load(s, operands);
            default -> throw new NativeException("the interpreter does not know this instruction");
        };
    }

    private static int[] targets(PtxOperands operands, String list) {
        return PtxOperands.list(list).stream().mapToInt(operands::target).toArray();
    }

    private static int[] values(PtxOperands operands, String list) {
        return PtxOperands.list(list).stream().mapToInt(operands::value).toArray();
    }

    abstract void together(PtxWarp warp);

    @Override
    void run(PtxWarp warp) {
        if (warp.gather(this, -1)) {
            together(warp);
        }
    }

    @Override
    boolean steers() {
        return true;
    }

    /**
     * d (16, 8) = a (16, K) b (K, 8) + c, K 16 or 8, with 16-bit a and b, float32 c and d. Products are exact, and each is added to the
     * sum in its turn; in what order a device adds them, and how it rounds in between, its maker does not tell.
     */
    private static final class Product extends PtxMatrix {
        private final int[] d;
        private final int[] a;
        private final int[] b;
        private final int[] c;
        private final boolean brain;

        Product(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            d = targets(operands, s.operand(0));
            a = values(operands, s.operand(1));
            b = values(operands, s.operand(2));
            c = values(operands, s.operand(3));
            brain = s.has("bf16");
        }

        @Override
        void together(PtxWarp warp) {
            float[] left = new float[16 * 16];
            float[] right = new float[8 * 16]; // transposed
            long[][] r = warp.registers;
            for (int i = 0; i < a.length; i++) {
                spread(r[a[i]], left, i % 2 * 128 + i / 2 * 8);
            }
            for (int i = 0; i < b.length; i++) {
                spread(r[b[i]], right, i * 8);
            }
            multiply(left, right, r);
        }

        /** Puts a pair of each lane where it belongs in a matrix. */
        private void spread(long[] pairs, float[] to, int at) {
            for (int lane = 0; lane < PtxWarp.LANES; lane++) {
                put((int) pairs[lane], to, lane / 4 * 16 + lane % 4 * 2 + at);
            }
        }

        private void put(int pair, float[] to, int at) {
            if (brain) {
                to[at] = Float.intBitsToFloat(pair << 16);
                to[at + 1] = Float.intBitsToFloat(pair & 0xffff0000);
            } else {
                to[at] = Float.float16ToFloat((short) pair);
                to[at + 1] = Float.float16ToFloat((short) (pair >>> 16));
            }
        }

        /** Each lane has four results: of two rows, in two columns. */
        private void multiply(float[] left, float[] right, long[][] r) {
            long[] c0 = r[c[0]];
            long[] c1 = r[c[1]];
            long[] c2 = r[c[2]];
            long[] c3 = r[c[3]];
            long[] d0 = r[d[0]];
            long[] d1 = r[d[1]];
            long[] d2 = r[d[2]];
            long[] d3 = r[d[3]];
            for (int lane = 0; lane < PtxWarp.LANES; lane++) {
                float s0 = PtxFloats.real(c0[lane]);
                float s1 = PtxFloats.real(c1[lane]);
                float s2 = PtxFloats.real(c2[lane]);
                float s3 = PtxFloats.real(c3[lane]);
                int row = lane / 4 * 16;
                int column = lane % 4 * 32;
                for (int k = 0; k < 8 * b.length; k++) {
                    float upper = left[row + k];
                    float lower = left[row + 128 + k];
                    float one = right[column + k];
                    float other = right[column + 16 + k];
                    s0 = Math.fma(upper, one, s0);
                    s1 = Math.fma(upper, other, s1);
                    s2 = Math.fma(lower, one, s2);
                    s3 = Math.fma(lower, other, s3);
                }
                d0[lane] = PtxFloats.bits(s0);
                d1[lane] = PtxFloats.bits(s1);
                d2[lane] = PtxFloats.bits(s2);
                d3[lane] = PtxFloats.bits(s3);
            }
        }
    }

    /** One, two or four matrices of (8, 8) 16-bit values from shared memory; each lane has the address of a row. */
    private static final class Load extends PtxMatrix {
        private final int[] d;
        private final Rows rows;
        private final boolean transposed;

        Load(PtxEntry.Statement s, PtxOperands operands) {
            super(s.text());
            d = targets(operands, s.operand(0));
            rows = new Rows(s.text(), operands.address(s.operand(1)));
            transposed = s.has("trans");
        }

        @Override
        void together(PtxWarp warp) {
            int[] matrix = new int[64];
            long[] all = warp.registers[rows.slot].clone();
            for (int m = 0; m < d.length; m++) {
                for (int row = 0; row < 8; row++) {
                    rows.read(warp, m * 8 + row, all[m * 8 + row], matrix, row * 8);
                }
                long[] target = warp.registers[d[m]];
                for (int lane = 0; lane < PtxWarp.LANES; lane++) {
                    int row = lane / 4;
                    int column = lane % 4 * 2;
                    int low = transposed ? matrix[column * 8 + row] : matrix[row * 8 + column];
                    int high = transposed ? matrix[column * 8 + 8 + row] : matrix[row * 8 + column + 1];
                    target[lane] = (low | high << 16) & 0xffff_ffffL;
                }
            }
        }
    }

    private static final class Rows extends PtxAccess {
        Rows(String text, PtxOperands.Address address) {
            super(text, Space.SHARED, address);
        }

        void read(PtxWarp warp, int lane, long register, int[] to, int at) {
            long address = address(register);
            align(warp, lane, address, 16, "reads");
            PtxMemory.Segment segment = segment(warp, lane, address, 16, "reads");
            for (int i = 0; i < 8; i++) {
                to[at + i] = (int) segment.get(address + 2L * i, 2);
            }
        }

        @Override
        void run(PtxWarp warp) {
            throw new IllegalStateException();
        }
    }
}
