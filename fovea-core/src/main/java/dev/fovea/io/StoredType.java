package dev.fovea.io;

import dev.fovea.tensor.DType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Element types of checkpoint files, spelled as safetensors spells them; not all of them can be computed with. */
public enum StoredType {
    F64(64, DType.FLOAT64),
    F32(32, DType.FLOAT32),
    F16(16, DType.FLOAT16),
    BF16(16, DType.BFLOAT16),
    I64(64, DType.INT64),
    I32(32, DType.INT32),
    I16(16, DType.INT16),
    I8(8, DType.INT8),
    U8(8, DType.UINT8),
    BOOL(8, DType.BOOL),
    U64(64, null),
    U32(32, null),
    U16(16, null),
    C64(64, null),
    F8_E8M0(8, null),
    F8_E4M3(8, null),
    F8_E5M2(8, null),
    F8_E4M3FNUZ(8, null),
    F8_E5M2FNUZ(8, null),
    F6_E2M3(6, null),
    F6_E3M2(6, null),
    F4(4, null);

    private final int bits;
    private final @Nullable DType dtype;

    StoredType(int bits, @Nullable DType dtype) {
        this.bits = bits;
        this.dtype = dtype;
    }

    /** Bits of one element. */
    public int bits() {
        return bits;
    }

    /** The type to compute with; empty for a type that only its size is known of. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** Whether models compute with numbers of this type, as they are or converted. */
    boolean isWeight() {
        return dtype != null && (dtype.isFloating() || dtype == DType.FLOAT64);
    }

    /** The type of that name, if it is one. */
    static Optional<StoredType> named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
