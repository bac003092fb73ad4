package dev.fovea.io;

import dev.fovea.error.InputException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle of a state dict, as torch.save writes it with protocol 2: a dict of names and tensors. A pickle is a program
 * for a stack machine that may call anything; this machine knows the opcodes and names below and refuses all
 * others, so that nothing is ever run. Opcodes: Python's pickletools.py.
 *
 * <p>Every step pushes at most one value and takes at least one byte, and no value is walked to any depth, so that time and memory
 * are bounded by the pickle's length.
 */
final class StateDictPickle {
    static final int MAX_BYTES = 16 << 20;
    private static final int MAX_AXES = 64; // as PyTorch's own kernels

    private static final String HINT =
            "nothing in the file was run; convert it with a tool that you trust: Fovea reads safetensors too";

    /** What may be named, as module and name; calls of the first three make the values that they stand for. */
    private static final Map<String, Object> GLOBALS = globals();

    private final Path file;
    private final ByteBuffer in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    /**
     * A tensor as _rebuild_tensor_v2 makes it.
     *
     * @param storage where its elements are
     * @param offset of the first, in elements
     * @param size extents, outermost first
     * @param stride elements from one index to the next, one for each extent
     */
    record Tensor(Storage storage, long offset, List<Long> size, List<Long> stride) {}

    /**
     * @param key its entry in the archive
     * @param elements how many it has
     */
    record Storage(String key, StoredType type, long elements) {}

    /** Values of the stack machine that are not Java's own. */
    private enum Special {
        NONE,
        MARK,
        ORDERED_DICT,
        REBUILD_TENSOR,
        REBUILD_PARAMETER
    }

    private record Dict(Map<String, Object> entries) {}

    private static Map<String, Object> globals() {
        Map<String, Object> all = new HashMap<>();
        all.put("collections OrderedDict", Special.ORDERED_DICT);
        all.put("torch._utils _rebuild_tensor_v2", Special.REBUILD_TENSOR);
        all.put("torch._utils _rebuild_parameter", Special.REBUILD_PARAMETER);
        all.put("torch DoubleStorage", StoredType.F64);
        all.put("torch FloatStorage", StoredType.F32);
        all.put("torch HalfStorage", StoredType.F16);
        all.put("torch BFloat16Storage", StoredType.BF16);
        all.put("torch LongStorage", StoredType.I64);
        all.put("torch IntStorage", StoredType.I32);
        all.put("torch ShortStorage", StoredType.I16);
        all.put("torch CharStorage", StoredType.I8);
        all.put("torch ByteStorage", StoredType.U8);
        all.put("torch BoolStorage", StoredType.BOOL);
        return Map.copyOf(all);
    }

    private StateDictPickle(Path file, byte[] pickle) {
        this.file = file;
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The tensors by name, in the file's order.
     *
     * @param file for messages
     * @throws InputException for anything but a dict of tensors
     */
    static Map<String, Tensor> read(Path file, byte[] pickle) {
        var machine = new StateDictPickle(file, pickle);
        try {
            return machine.stateDict(machine.run());
        } catch (BufferUnderflowException e) {
            throw new InputException(file + ": its pickle ends in the middle", ZipDirectory.DAMAGED, e);
        }
    }

    private Map<String, Tensor> stateDict(Object value) {
        if (!(value instanceof Dict dict)) {
            throw broken("holds " + kind(value) + "; expected a dict of tensors");
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        dict.entries.forEach((name, tensor) -> {
            if (!(tensor instanceof Tensor t)) {
                throw broken("has " + kind(tensor) + " under " + Json.quoted(name)
                        + "; expected tensors only: it is not a state dict");
            }
            tensors.put(name, t);
        });
        return Collections.unmodifiableMap(tensors);
    }

    // -------------------------------------------------------------------------------------------------- the machine

    private Object run() {
        while (true) {
            int at = in.position();
            int opcode = Byte.toUnsignedInt(in.get());
            switch (opcode) {
                case 0x80 -> protocol(); // PROTO
                case '.' -> { // STOP
                    return pop();
                }
                case '(' -> push(Special.MARK); // MARK
                case 'N' -> push(Special.NONE); // NONE
                case 0x88 -> push(true); // NEWTRUE
                case 0x89 -> push(false); // NEWFALSE
                case 'K' -> push((long) Byte.toUnsignedInt(in.get())); // BININT1
                case 'M' -> push((long) Short.toUnsignedInt(in.getShort())); // BININT2
                case 'J' -> push((long) in.getInt()); // BININT
                case 0x8a -> push(longInteger()); // LONG1
                case 'X' -> push(string()); // BINUNICODE
                case '}' -> push(new Dict(new LinkedHashMap<>())); // EMPTY_DICT
                case ')' -> push(List.of()); // EMPTY_TUPLE
                case 0x85 -> push(tuple(1)); // TUPLE1
                case 0x86 -> push(tuple(2)); // TUPLE2
                case 0x87 -> push(tuple(3)); // TUPLE3
                case 't' -> push(sinceMark()); // TUPLE
                case 'q' -> memo.put(Byte.toUnsignedInt(in.get()), top()); // BINPUT
                case 'r' -> memo.put(in.getInt(), top()); // LONG_BINPUT
                case 'h' -> push(remembered(Byte.toUnsignedInt(in.get()))); // BINGET
                case 'j' -> push(remembered(in.getInt())); // LONG_BINGET
                case 's' -> setItems(tuple(2)); // SETITEM
                case 'u' -> setItems(sinceMark()); // SETITEMS
                case 'c' -> push(global(line(), line())); // GLOBAL
                case 'Q' -> push(storage(pop())); // BINPERSID
                case 'R' -> push(call(pop(), pop())); // REDUCE
                case 'b' -> build(pop()); // BUILD
                default -> throw unknown(opcode, at);
            }
        }
    }

    private InputException unknown(int opcode, int at) {
        String printed = opcode > ' ' && opcode < 127 ? "'" + (char) opcode + "'" : String.format("0x%02x", opcode);
        return new InputException(
                file + ": its pickle has the opcode " + printed + " at byte " + at + ", which no state dict needs",
                HINT);
    }

    private void protocol() {
        int protocol = Byte.toUnsignedInt(in.get());
        if (protocol != 2) {
            throw broken("has protocol " + protocol + "; torch.save writes 2");
        }
    }

    private long longInteger() {
        int length = Byte.toUnsignedInt(in.get());
        if (length > Long.BYTES) {
            throw broken("has a whole number of " + length + " bytes; at most " + Long.BYTES + " are expected");
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= Byte.toUnsignedLong(in.get()) << (Byte.SIZE * i);
        }
        int unused = Long.SIZE - Byte.SIZE * length;
        return length == 0 ? 0 : value << unused >> unused; // two's complement, as long as it is
    }

    private String string() {
        long length = Integer.toUnsignedLong(in.getInt());
        if (length > in.remaining()) {
            throw new InputException(
                    file + ": its pickle ends in a text of " + length + " bytes", ZipDirectory.DAMAGED);
        }
        byte[] text = new byte[(int) length];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {
            // up to the line's end
        }
        return new String(in.array(), start, in.position() - 1 - start, StandardCharsets.UTF_8);
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object top() {
        if (stack.isEmpty()) {
            throw broken("takes more values than it gives");
        }
        return stack.getLast();
    }

    private Object pop() {
        Object value = top();
        stack.removeLast();
        return value;
    }

    private List<Object> tuple(int length) {
        return take(stack.size() - length);
    }

    private List<Object> sinceMark() {
        List<Object> values = take(stack.lastIndexOf(Special.MARK) + 1);
        pop();
        return values;
    }

    private List<Object> take(int from) {
        if (from < 0) {
            throw broken("takes more values than it gives");
        }
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> values = new ArrayList<>(tail);
        tail.clear();
        return values;
    }

    private Object remembered(int index) {
        Object value = memo.get(index);
        if (value == null) {
            throw broken("asks for value " + Integer.toUnsignedString(index) + ", which it has not kept");
        }
        return value;
    }

    // --------------------------------------------------------------------------------------------------- its values

    private Object global(String module, String name) {
        Object value = GLOBALS.get(module + " " + name);
        if (value == null) {
            throw new InputException(
                    file + ": its pickle names " + Json.quoted(module + "." + name) + ", which no state dict needs",
                    HINT);
        }
        return value;
    }

    /** A tuple ("storage", type, key, location, number of elements); the location is the device that it was saved from. */
    private Storage storage(Object id) {
        List<?> parts = list(id, 5, "a storage");
        if (!"storage".equals(parts.get(0)) || !(parts.get(1) instanceof StoredType type)) {
            throw broken("has a persistent id that is not a storage");
        }
        return new Storage(
                cast(String.class, parts.get(2), "the key of a storage"),
                type,
                count(parts.get(4), "the size of a storage"));
    }

    /** @param arguments they lie above the function, and so are popped first */
    private Object call(Object arguments, Object function) {
        if (function == Special.ORDERED_DICT) {
            list(arguments, 0, "OrderedDict");
            return new Dict(new LinkedHashMap<>());
        }
        if (function == Special.REBUILD_PARAMETER) {
            return cast(Tensor.class, list(arguments, 3, "_rebuild_parameter").getFirst(), "a parameter");
        }
        if (function == Special.REBUILD_TENSOR) {
            return tensor(list(arguments, 6, "_rebuild_tensor_v2"));
        }
        throw broken("calls " + kind(function) + "; expected a function that makes a tensor");
    }

    private Tensor tensor(List<?> arguments) {
        return new Tensor(
                cast(Storage.class, arguments.get(0), "the storage of a tensor"),
                count(arguments.get(1), "the offset of a tensor"),
                counts(arguments.get(2), "the size of a tensor"),
                counts(arguments.get(3), "the stride of a tensor"));
    }

    private void setItems(List<Object> keysAndValues) {
        Dict dict = cast(Dict.class, top(), "what items are put into");
        if (keysAndValues.size() % 2 != 0) {
            throw broken("puts a key without a value into a dict");
        }
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            dict.entries.put(cast(String.class, keysAndValues.get(i), "the key of a dict"), keysAndValues.get(i + 1));
        }
    }

    /** Attributes of an OrderedDict: module versions, which a state dict carries in {@code _metadata}. */
    private void build(Object attributes) {
        cast(Dict.class, attributes, "the attributes of a dict");
        cast(Dict.class, top(), "what attributes are put on");
    }

    private <T> T cast(Class<T> type, Object value, String what) {
        if (!type.isInstance(value)) {
            throw broken("has " + kind(value) + " as " + what);
        }
        return type.cast(value);
    }

    private List<?> list(Object value, int length, String what) {
        List<?> values = cast(List.class, value, "the arguments of " + what);
        if (values.size() != length) {
            throw broken("has " + values.size() + " arguments of " + what + "; expected " + length);
        }
        return values;
    }

    private List<Long> counts(Object value, String what) {
        List<?> values = cast(List.class, value, what);
        if (values.size() > MAX_AXES) {
            throw broken("has " + values.size() + " numbers as " + what + "; at most " + MAX_AXES + " are expected");
        }
        List<Long> counts = new ArrayList<>();
        values.forEach(v -> counts.add(count(v, what)));
        return List.copyOf(counts);
    }

    private long count(Object value, String what) {
        long count = cast(Long.class, value, what);
        if (count < 0) {
            throw broken("has " + count + " as " + what);
        }
        return count;
    }

    /** How messages name a value. */
    private static String kind(Object value) {
        return switch (value) {
            case String s -> "the text " + Json.quoted(s);
            case Long n -> "the number " + n;
            case Boolean b -> b ? "True" : "False";
            case List<?> list -> "a tuple of " + list.size();
            case Dict _ -> "a dict";
            case Tensor _ -> "a tensor";
            case Storage _ -> "a storage";
            case StoredType type -> "the type " + type;
            case Special.NONE -> "None";
            case Special.MARK -> "a mark";
            default -> "a function";
        };
    }

    private InputException broken(String what) {
        return new InputException(file + ": its pickle " + what, HINT);
    }
}
