package dev.fovea.hub;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The login that {@code modelscope login} stores: the cookie {@code m_session_id} of a pickled jar. A pickle is a program for a stack
 * machine that may call anything; of this one only the literals are read, in their order, and nothing is run. Opcodes: Python's
 * pickletools.py, protocols 2 to 5.
 */
final class ModelScopeLogin {
    private static final Object OTHER = new Object();

    private final ByteBuffer in;
    private final List<Object> literals = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private Object last = OTHER;

    private ModelScopeLogin(byte[] pickle) {
        in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * @param host that is going to be asked: cookies of other hosts do not count
     * @return nothing where nobody is logged in there, or no more, or the jar cannot be read
     */
    static Optional<String> token(byte[] pickle, String host, Instant now) {
        ModelScopeLogin jar = new ModelScopeLogin(pickle);
        try {
            return jar.read() ? jar.session(host, now) : Optional.empty();
        } catch (BufferUnderflowException e) {
            return Optional.empty(); // it ends in the middle
        }
    }

    /** Attributes of a cookie stand behind one another: {@code "name", "m_session_id", "value", TOKEN, …, "expires", SECONDS, …}. */
    private Optional<String> session(String host, Instant now) {
        for (int i = 0; i + 3 < literals.size(); i++) {
            boolean named = literals.subList(i, i + 3).equals(List.of("name", "m_session_id", "value"));
            if (named && literals.get(i + 3) instanceof String token) {
                boolean here = attribute("domain", i) instanceof String domain && belongs(host, domain);
                boolean over = attribute("expires", i) instanceof Long end && end <= now.getEpochSecond();
                if (here && !over) {
                    return Optional.of(token);
                }
            }
        }
        return Optional.empty();
    }

    private Object attribute(String name, int cookie) {
        for (int i = cookie + 4; i + 1 < literals.size() && !literals.get(i).equals("name"); i++) {
            if (literals.get(i).equals(name)) {
                return literals.get(i + 1);
            }
        }
        return OTHER;
    }

    /** Of {@code modelscope.cn} and {@code www.modelscope.cn}, either may have logged in. */
    private static boolean belongs(String host, String domain) {
        String bare = domain.startsWith(".") ? domain.substring(1) : domain;
        return host.equals(bare) || host.endsWith("." + bare) || bare.endsWith("." + host);
    }

    /** @return whether it ends as a pickle does, and has opcodes that a jar has */
    private boolean read() {
        while (true) {
            int opcode = Byte.toUnsignedInt(in.get());
            switch (opcode) {
                case '.' -> { // STOP
                    return true;
                }
                case 0x80 -> in.get(); // PROTO
                case 0x95 -> in.getLong(); // FRAME
                case 0x8c -> literal(text(Byte.toUnsignedInt(in.get()))); // SHORT_BINUNICODE
                case 'X' -> literal(text(in.getInt())); // BINUNICODE
                case 'K' -> literal((long) Byte.toUnsignedInt(in.get())); // BININT1
                case 'M' -> literal((long) Short.toUnsignedInt(in.getShort())); // BININT2
                case 'J' -> literal((long) in.getInt()); // BININT
                case 0x8a -> literal(integer(Byte.toUnsignedInt(in.get()))); // LONG1
                case 'N', 0x88, 0x89, '}', ']', ')' -> literal(OTHER); // None, True, False, {}, [], ()
                case 0x94 -> memo.put(memo.size(), last); // MEMOIZE
                case 'q' -> memo.put(Byte.toUnsignedInt(in.get()), last); // BINPUT
                case 'r' -> memo.put(in.getInt(), last); // LONG_BINPUT
                case 'h' -> literal(memo.getOrDefault(Byte.toUnsignedInt(in.get()), OTHER)); // BINGET
                case 'j' -> literal(memo.getOrDefault(in.getInt(), OTHER)); // LONG_BINGET
                case 'c' -> { // GLOBAL
                    skipLine();
                    skipLine();
                    last = OTHER;
                }
                // MARK, STACK_GLOBAL, NEWOBJ, REDUCE, BUILD, SETITEM, SETITEMS, APPEND, APPENDS, TUPLE, TUPLE1 to 3
                case '(', 0x93, 0x81, 'R', 'b', 's', 'u', 'a', 'e', 't', 0x85, 0x86, 0x87 -> last = OTHER;
                default -> {
                    return false;
                }
            }
        }
    }

    private void literal(Object value) {
        literals.add(value);
        last = value;
    }

    private String text(int length) {
        if (length < 0 || length > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] text = new byte[length];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    /** Little-endian, in two's complement; one that is too large is none. */
    private Object integer(int length) {
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= Byte.toUnsignedLong(in.get()) << (Byte.SIZE * i);
        }
        return length > Long.BYTES || length == 0
                ? OTHER
                : value << (Long.SIZE - Byte.SIZE * length) >> (Long.SIZE - Byte.SIZE * length);
    }

    private void skipLine() {
        while (in.get() != '\n') {
            // up to the line's end
        }
    }
}
