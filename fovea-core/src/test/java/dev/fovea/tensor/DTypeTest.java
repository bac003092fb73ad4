package dev.fovea.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DTypeTest {
    private static final short SIGN = Short.MIN_VALUE;

    private static float value(DType dtype, int bits) {
        return dtype == DType.BFLOAT16 ? DType.bfloat16ToFloat((short) bits) : Float.float16ToFloat((short) bits);
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void everyValueStaysItself(DType dtype) {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float x = value(dtype, bits);
            assertThat(Float.floatToIntBits(dtype.round(x))).isEqualTo(Float.floatToIntBits(x));
            if (!Float.isNaN(x) && dtype == DType.BFLOAT16) {
                assertThat(DType.floatToBfloat16(x)).isEqualTo((short) bits);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void betweenNeighboursRoundsToNearestAndTiesToEven(DType dtype) {
        int infinity = dtype == DType.BFLOAT16 ? 0x7f80 : 0x7c00;
        for (int bits = 0; bits + 1 < infinity; bits++) {
            float low = value(dtype, bits);
            float high = value(dtype, bits + 1);
            float tie = (float) (((double) low + high) / 2);
            float even = bits % 2 == 0 ? low : high;
            for (int sign : new int[] {1, -1}) {
                assertThat(dtype.round(sign * tie)).isEqualTo(sign * even);
                assertThat(dtype.round(sign * Math.nextDown(tie))).isEqualTo(sign * low);
                assertThat(dtype.round(sign * Math.nextUp(tie))).isEqualTo(sign * high);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void halfWayBeyondTheLargestIsInfinite(DType dtype) {
        int largest = dtype == DType.BFLOAT16 ? 0x7f7f : 0x7bff;
        float max = value(dtype, largest);
        double unit = (double) max - value(dtype, largest - 1);
        float tie = (float) (max + unit / 2);
        assertThat(dtype.round(tie)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(dtype.round(-tie)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(dtype.round(Math.nextDown(tie))).isEqualTo(max);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
    void keepsNanInfinityAndTheSignOfZero(DType dtype) {
        float payloadBelow = Float.intBitsToFloat(0x7f800001); // whose upper half is that of infinity
        assertThat(dtype.round(payloadBelow)).isNaN();
        assertThat(dtype.round(Float.intBitsToFloat(0xffffffff))).isNaN();
        assertThat(dtype.round(Float.NEGATIVE_INFINITY)).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(Float.floatToRawIntBits(dtype.round(-0f))).isEqualTo(SIGN << 16);
        assertThat(Float.floatToRawIntBits(dtype.round(0f))).isZero();
    }
}
