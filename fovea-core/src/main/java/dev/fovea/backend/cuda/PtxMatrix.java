package dev.fovea.backend.cuda;

import dev.fovea.error.NativeException;

/**
 * Products of small matrices by the 32 lanes of a warp together, and the loads that bring their operands. A lane's group is a
 * quarter of eight lanes: lane / 4 is its row (or column), lane % 4 the pair of values in it.
 */
abstract class PtxMatrix extends PtxOp {
    private PtxMatrix(String text) {
        super(text);
    }

    static PtxOp of(PtxSource.Statement s, PtxOperands operands) {
        String name = String.join(".", s.opcode());
        return switch (name) {
            case "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
                    "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" -> new Product(s, operands);
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
     * d (16, 8) = a (16, 16) b (16, 8) + c, with 16-bit a and b, float32 c and d. Products are exact, and their sum is rounded
     * once; a device rounds in between, in a way that its maker does not tell.
     */
    private static final class Product extends PtxMatrix {
        private final int[] d;
        private final int[] a;
        private final int[] b;
        private final int[] c;
        private final boolean brain;

        Product(PtxSource.Statement s, PtxOperands operands) {
            super(s.text());
            d = targets(operands, s.operand(0));
            a = values(operands, s.operand(1));
            b = values(operands, s.operand(2));
            c = values(operands, s.operand(3));
            brain = s.has("bf16");
        }

        @Override
        void together(PtxWarp warp) {
            double[] left = new double[16 * 16];
            double[] right = new double[16 * 8];
            double[] sums = new double[16 * 8];
            long[][] r = warp.registers;
            for (int lane = 0; lane < PtxWarp.LANES; lane++) {
                int row = lane / 4;
                int pair = lane % 4 * 2;
                for (int i = 0; i < 4; i++) {
                    int at = (row + i % 2 * 8) * 16 + pair + i / 2 * 8;
                    left[at] = value((int) r[a[i]][lane]);
                    left[at + 1] = value((int) r[a[i]][lane] >>> 16);
                    sums[(row + i / 2 * 8) * 8 + pair + i % 2] = PtxFloats.real(r[c[i]][lane]);
                }
                for (int i = 0; i < 2; i++) {
                    int at = (pair + i * 8) * 8 + row;
                    right[at] = value((int) r[b[i]][lane]);
                    right[at + 8] = value((int) r[b[i]][lane] >>> 16);
                }
            }
            multiply(left, right, sums);
            for (int lane = 0; lane < PtxWarp.LANES; lane++) {
                for (int i = 0; i < 4; i++) {
                    r[d[i]][lane] = PtxFloats.bits((float) sums[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2]);
                }
            }
        }

        private double value(int bits) {
            return brain ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat((short) bits);
        }

        private static void multiply(double[] left, double[] right, double[] sums) {
            for (int row = 0; row < 16; row++) {
                for (int k = 0; k < 16; k++) {
                    double x = left[row * 16 + k];
                    for (int column = 0; column < 8; column++) {
                        sums[row * 8 + column] += x * right[k * 8 + column];
                    }
                }
            }
        }
    }

    /** One, two or four matrices of (8, 8) 16-bit values from shared memory; each lane has the address of a row. */
    private static final class Load extends PtxMatrix {
        private final int[] d;
        private final Rows rows;
        private final boolean transposed;

        Load(PtxSource.Statement s, PtxOperands operands) {
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
