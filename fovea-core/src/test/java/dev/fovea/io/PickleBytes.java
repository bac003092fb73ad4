package dev.fovea.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Pickles opcode by opcode, broken ones too. */
final class PickleBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Begins as torch.save does: protocol 2. */
    static PickleBytes begin() {
        return new PickleBytes().raw(0x80, 2);
    }

    /** A dict with one tensor x of float32 in storage 0. */
    static byte[] oneTensor(long elements, long offset, long[] size, long[] stride) {
        return begin().raw('}')
                .text("x")
                .tensor("FloatStorage", "0", elements, offset, size, stride)
                .raw('s', '.')
                .bytes();
    }

    PickleBytes raw(int... opcodes) {
        Arrays.stream(opcodes).forEach(out::write);
        return this;
    }

    PickleBytes ascii(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    PickleBytes text(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        raw('X').int32(bytes.length).out.writeBytes(bytes);
        return this;
    }

    PickleBytes int32(int value) {
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
        return this;
    }

    PickleBytes number(long value) {
        raw(0x8a, 8)
                .out
                .writeBytes(ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
        return this;
    }

    PickleBytes global(String module, String name) {
        return raw('c').ascii(module + "\n" + name + "\n");
    }

    PickleBytes numbers(long... values) {
        raw('(');
        Arrays.stream(values).forEach(this::number);
        return raw('t');
    }

    PickleBytes storage(String type, String key, long elements) {
        return raw('(').text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .number(elements)
                .raw('t', 'Q');
    }

    PickleBytes tensor(String type, String key, long elements, long offset, long[] size, long[] stride) {
        return global("torch._utils", "_rebuild_tensor_v2")
                .raw('(')
                .storage(type, key, elements)
                .number(offset)
                .numbers(size)
                .numbers(stride)
                .raw(0x89)
                .global("collections", "OrderedDict")
                .raw(')', 'R', 't', 'R');
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
