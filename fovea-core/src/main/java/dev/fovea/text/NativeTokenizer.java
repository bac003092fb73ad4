package dev.fovea.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.tensor.Lifetime;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One tokenizer of Hugging Face's Rust library, by its JNI functions.
 *
 * <p>Of the Java package around the library only the declarations of these functions are used. Its own loader looks for
 * CUDA, may download another build, and reports each start on cloud machines to its makers; its tokenizer class
 * truncates at 512 tokens unless told otherwise.
 *
 * <p>Thread-safe: calls run side by side.
 */
final class NativeTokenizer implements AutoCloseable {
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;
    private static final AtomicInteger OPEN = new AtomicInteger();

    private final long handle;
    private final Lifetime lifetime;
    private final Queue<NativeTokenizer> adopted = new ConcurrentLinkedQueue<>();

    /** @param what how messages name the source of the JSON */
    NativeTokenizer(String json, String what) {
        TokenizerLibrary.load();
        long made = create(json, what);
        OPEN.incrementAndGet();
        handle = made;
        Queue<NativeTokenizer> others = adopted;
        lifetime = new Lifetime(() -> {
            others.forEach(NativeTokenizer::close);
            LIBRARY.deleteTokenizer(made);
            OPEN.decrementAndGet();
        });
        LIBRARY.disableTruncation(handle);
        LIBRARY.disablePadding(handle);
    }

    private static long create(String json, String what) {
        try {
            return LIBRARY.createTokenizerFromString(json);
        } catch (RuntimeException e) {
            throw new InputException(
                    what + " is no tokenizer that the library can read; it says: "
                            + Quote.of(Objects.requireNonNullElse(e.getMessage(), "nothing")),
                    "",
                    e);
        }
    }

    /** How many hold native memory in this virtual machine. */
    static int open() {
        return OPEN.get();
    }

    /** Closes another one with this, after the last call that uses this. */
    NativeTokenizer adopt(NativeTokenizer other) {
        adopted.add(other);
        return other;
    }

    /** As {@link Tokenizer#use}. */
    Lifetime.Lease use(String what) {
        return lifetime.use(what);
    }

    int[] encode(String text, boolean addSpecialTokens) {
        try (var _ = use("tokenizer")) {
            long encoding = LIBRARY.encode(handle, wellFormed(text), addSpecialTokens);
            try {
                long[] ids = LIBRARY.getTokenIds(encoding);
                int[] result = new int[ids.length];
                for (int i = 0; i < ids.length; i++) {
                    result[i] = (int) ids[i];
                }
                return result;
            } finally {
                LIBRARY.deleteEncoding(encoding);
            }
        }
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        try (var _ = use("tokenizer")) {
            return LIBRARY.decode(handle, wide, skipSpecialTokens);
        }
    }

    @Override
    public void close() {
        lifetime.close();
    }

    /** The text with U+FFFD for each half of a surrogate pair that stands alone: such text has no UTF-8. */
    private static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i)) && Character.isBmpCodePoint(text.codePointAt(i))) {
                return text.codePoints()
                        .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
            }
            i += Character.charCount(text.codePointAt(i)) - 1;
        }
        return text;
    }
}
