package dev.fovea.tensor;

/** Element types. The first three are computed with; the others are only stored and read. */
public enum DType {
    FLOAT32(4, "float32"),
    BFLOAT16(2, "bfloat16"),
    FLOAT16(2, "float16"),
    FLOAT64(8, "float64"),
    INT64(8, "int64"),
    INT32(4, "int32"),
    INT16(2, "int16"),
    INT8(1, "int8"),
    UINT8(1, "uint8"),
    BOOL(1, "bool");

    private final int bytes;
    private final String torchName;

    DType(int bytes, String torchName) {
        this.bytes = bytes;
        this.torchName = torchName;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** The name without its package in PyTorch: {@code bfloat16}. */
    public String torchName() {
        return torchName;
    }

    /** Whether kernels compute with it. */
    public boolean isFloating() {
        return this == FLOAT32 || this == BFLOAT16 || this == FLOAT16;
    }

    /** The value that storing x in this type leaves of it: round to nearest, ties to even. */
    public float round(float x) {
        return switch (this) {
            case BFLOAT16 -> bfloat16ToFloat(floatToBfloat16(x));
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(x));
            default -> x;
        };
    }

    /** The upper half of the float32 bits. */
    public static float bfloat16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Round to nearest, ties to even; NaN stays NaN. */
    public static short floatToBfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}
