package dev.fovea.backend.cuda.ptx;

import static dev.fovea.backend.cuda.ptx.PtxTrial.filled;
import static dev.fovea.backend.cuda.ptx.PtxTrial.pointers;
import static dev.fovea.backend.cuda.ptx.PtxTrial.randoms;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fovea.backend.cuda.device.Arguments;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Programs with memory of all kinds, and those of the compiler's own library. */
class PtxDeviceTest {
    private final PtxTrial trial = new PtxTrial("programs");

    @AfterEach
    void close() {
        trial.close();
    }

    @Test
    void threadsHaveMemoryOfTheirOwn() {
        int[] x = IntStream.range(0, 32).map(i -> i * 29 % 101).toArray();
        int[] y = new int[32];
        for (int lane = 0; lane < 32; lane++) {
            int[] a = new int[9];
            for (int i = 0; i < 9; i++) {
                a[i] = x[lane] + i * i;
            }
            for (int i = 0; i < x[lane] % 20; i++) {
                y[lane] += a[i * 5 % 9];
                a[i % 9] = y[lane];
            }
        }
        assertThat(trial.run("local", 1, 32, x, 32)).isEqualTo(y);
    }

    @Test
    void tablesOfTheModuleAreThere() {
        long to = trial.put(new float[32]);
        trial.launch("tables", 1, 32, pointers(to));
        float[] y = filled(32, i -> new int[] {2, 3, 5, 7, 11}[i % 5] * new float[] {0.5f, 1, 1.5f, -2}[i % 4]);
        assertThat(trial.floats(to, 32)).isEqualTo(y);
    }

    @Test
    void smallAndWideValuesAreReadAndWritten() {
        byte[] a = new byte[32];
        short[] b = new short[32];
        float[] c = filled(128, i -> i % 64 - 20);
        float[] y = new float[160];
        for (int i = 0; i < 32; i++) {
            a[i] = (byte) (i * 9);
            b[i] = (short) (i * 2111);
        }
        for (int i = 0; i < 32; i++) {
            y[i] = a[i]
                    + (b[i] & 0xffff)
                    + c[4 * i] * 2
                    + c[4 * i + 1] * 3
                    + c[4 * i + 2] * 5
                    + c[4 * i + 3] * 7
                    + c[2 * i] * 11
                    + c[2 * i + 1] * 13;
            for (int j = 0; j < 4; j++) {
                y[32 + 4 * i + j] = c[4 * i + 3 - j];
            }
        }
        long to = trial.put(new float[160]);
        trial.launch(
                "packs_of",
                1,
                32,
                pointers(trial.put(MemorySegment.ofArray(a)), trial.put(MemorySegment.ofArray(b)), trial.put(c), to));
        assertThat(trial.floats(to, 160)).isEqualTo(y);
    }

    @Test
    void anAddressMayBeOfAnyMemory() {
        float[] x = randoms(32);
        for (int which = 0; which < 3; which++) {
            long to = trial.put(new float[32]);
            trial.launch("somewhere", 1, 32, pointers(trial.put(x), to).integer(which));
            int first = which;
            assertThat(trial.floats(to, 32)).isEqualTo(filled(32, i -> x[i] * ((first + i) % 3 + 1)));
        }
    }

    @Test
    void structuresArePassedWhole() {
        long to = trial.put(new float[32]);
        Arguments arguments =
                new Arguments().integer(3).real(0.5f).pointer(100).pointer(200).pointer(300);
        arguments.pointer(7).pointer(to).integer(1); // a char, and what aligns the next
        trial.launch("whole", 1, 32, arguments);
        assertThat(trial.floats(to, 32)).containsOnly(3 + 0.5f + 200 + 7);
    }

    @Test
    void multipliesMatrices() {
        Random random = new Random(3);
        for (String type : new String[] {"bf16", "f16"}) {
            short[] a = new short[256];
            short[] b = new short[128];
            float[] c = randoms(128);
            boolean brain = type.equals("bf16");
            for (short[] m : new short[][] {a, b}) {
                for (int i = 0; i < m.length; i++) {
                    float x = (float) random.nextGaussian();
                    m[i] = brain ? (short) (Float.floatToRawIntBits(x) >> 16) : Float.floatToFloat16(x);
                }
            }
            long to = trial.put(new float[128]);
            trial.launch(
                    "product_" + type,
                    1,
                    32,
                    pointers(
                            trial.put(MemorySegment.ofArray(a)),
                            trial.put(MemorySegment.ofArray(b)),
                            trial.put(c),
                            to));
            float[] d = trial.floats(to, 128);
            for (int i = 0; i < 128; i++) {
                double sum = c[i];
                double size = Math.abs(sum);
                for (int k = 0; k < 16; k++) {
                    double product = (double) real(a[i / 8 * 16 + k], brain) * real(b[k * 8 + i % 8], brain);
                    sum += product;
                    size += Math.abs(product);
                }
                assertThat(d[i]).isCloseTo((float) sum, within((float) (size * 16 * 0x1p-24)));
            }
        }
    }

    private static float real(short bits, boolean brain) {
        return brain ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
    }

    @Test
    void theCompilersFunctionsComeOutRight() {
        float[] x = randoms(32);
        long to = trial.put(new float[416]);
        trial.launch("functions", 1, 32, pointers(trial.put(x), to));
        float[] y = trial.floats(to, 416);
        DoubleUnaryOperator[] functions = {
            Math::exp,
            Math::tanh,
            PtxDeviceTest::erf,
            a -> Math.sin((float) a * 100000f),
            Math::cos,
            a -> Math.log(Math.abs(a)),
            a -> Math.pow(2, a),
            a -> Math.pow(Math.abs(a), 1.7f),
            a -> (float) a % 0.3f,
            a -> Math.log1p(Math.abs(a)),
            a -> 1 / Math.sqrt(Math.abs(a)),
            a -> Math.copySign(Math.floor(Math.abs((float) a * 10f) + 0.5), a),
            Math::exp
        };
        for (int f = 0; f < functions.length; f++) {
            for (int i = 0; i < 32; i++) {
                float expected = (float) functions[f].applyAsDouble(x[i]);
                assertThat(y[f * 32 + i])
                        .as("function %d of %s", f, x[i])
                        .isCloseTo(expected, within(4 * Math.ulp(expected)));
            }
        }
    }

    /** The error function by its series. */
    private static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 100; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
