package dev.fovea.backend.cuda.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The arguments of a launch as the kernel finds them: one after another in the order of its parameters, little-endian, each at
 * a multiple of its size.
 */
public final class Arguments {
    private static final int MOST_BYTES = 320;

    private final ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** A pointer, or any value of 8 bytes. */
    public Arguments pointer(long address) {
        align(Long.BYTES);
        bytes.putLong(address);
        return this;
    }

    /** An int. */
    public Arguments integer(int value) {
        align(Integer.BYTES);
        bytes.putInt(value);
        return this;
    }

    /** A float. */
    public Arguments real(float value) {
        align(Float.BYTES);
        bytes.putFloat(value);
        return this;
    }

    /** Up to a multiple of 8 bytes: the end of a structure that has an address in it. */
    public Arguments pad() {
        align(Long.BYTES);
        return this;
    }

    private void align(int size) {
        bytes.position((bytes.position() + size - 1) & -size);
    }

    /** Compared for every launch of every step, so without copies. */
    @Override
    public boolean equals(Object o) {
        return o instanceof Arguments other
                && Arrays.equals(bytes.array(), 0, bytes.position(), other.bytes.array(), 0, other.bytes.position());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(toBytes());
    }

    /** Reads them in their order. */
    public Reader read() {
        return new Reader(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).flip());
    }

    /** Arguments one after another, as they were added. */
    public static final class Reader {
        private final ByteBuffer bytes;

        private Reader(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        public long pointer() {
            align(Long.BYTES);
            return bytes.getLong();
        }

        public int integer() {
            align(Integer.BYTES);
            return bytes.getInt();
        }

        public float real() {
            align(Float.BYTES);
            return bytes.getFloat();
        }

        private void align(int size) {
            bytes.position((bytes.position() + size - 1) & -size);
        }
    }

    /** All of them, packed. */
    public byte[] toBytes() {
        return Arrays.copyOf(bytes.array(), bytes.position());
    }
}
