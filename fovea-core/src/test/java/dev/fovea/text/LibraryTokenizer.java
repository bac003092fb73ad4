package dev.fovea.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.fovea.ffi.Unpacking;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Hugging Face's tokenizers library, which Fovea's own is held against. On the platforms that its jar has. */
final class LibraryTokenizer implements AutoCloseable {
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    static {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        String platform = (os.startsWith("mac") ? "osx" : "linux") + "-" + (arch.equals("amd64") ? "x86_64" : arch);
        String name = System.mapLibraryName("tokenizers");
        try {
            System.load(Unpacking.unpack("native/tokenizers", "native/lib/" + platform + "/cpu", List.of(name))
                    .orElseThrow()
                    .getFirst()
                    .toAbsolutePath()
                    .toString());
        } catch (IOException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long handle;

    LibraryTokenizer(String json) {
        handle = LIBRARY.createTokenizerFromString(json);
        LIBRARY.disableTruncation(handle);
        LIBRARY.disablePadding(handle);
    }

    int[] encode(String text, boolean addSpecialTokens) {
        long encoding = LIBRARY.encode(handle, text, addSpecialTokens);
        try {
            return Arrays.stream(LIBRARY.getTokenIds(encoding))
                    .mapToInt(i -> (int) i)
                    .toArray();
        } finally {
            LIBRARY.deleteEncoding(encoding);
        }
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        return LIBRARY.decode(handle, Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
    }

    @Override
    public void close() {
        LIBRARY.deleteTokenizer(handle);
    }
}
