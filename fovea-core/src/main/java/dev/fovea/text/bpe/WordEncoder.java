package dev.fovea.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Encodes the words of one text, one behind the other. Most words of a long text come again and are remembered. Not thread-safe. */
public final class WordEncoder implements PreTokenizer.Words {
    /** Characters of a word that is remembered at most. */
    private static final int REMEMBERED = 64;

    private final BytePairModel model;
    private final BytePairModel.Options options;
    private final MergeQueue queue;
    private final Map<String, int[]> known = new HashMap<>();
    private int[] ids = new int[64];
    private int count;

    /** Whether characters came that are nothing, and whose id is not there yet. */
    private boolean unknownBefore;

    public WordEncoder(BytePairModel model) {
        this.model = model;
        this.options = model.options();
        this.queue = new MergeQueue(model.merges());
    }

    /** All ids so far. */
    public int[] ids() {
        return Arrays.copyOf(ids, count);
    }

    /** Adds an id that is known already, of an added token. */
    public void id(int id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, 2 * count);
        }
        ids[count++] = id;
    }

    @Override
    public void word(String text, int from, int end) {
        for (int at = from; at < end; ) {
            int partEnd = model.partEnd(text, at, end);
            part(text, at, partEnd);
            at = partEnd;
        }
    }

    private void part(String text, int from, int end) {
        if (end - from > REMEMBERED) {
            encode(text, from, end);
            return;
        }
        String part = text.substring(from, end);
        int[] before = known.get(part);
        if (before == null) {
            int first = count;
            encode(text, from, end);
            known.put(part, Arrays.copyOfRange(ids, first, count));
        } else {
            for (int id : before) {
                id(id);
            }
        }
    }

    private void encode(String text, int from, int end) {
        if (options.ignoreMerges()) {
            int whole = model.id(spelled(text, from, end));
            if (whole >= 0) {
                id(whole);
                return;
            }
        }
        queue.clear();
        unknownBefore = false;
        if (model.byteLevel()) {
            bytes(text, from, end);
        } else {
            for (int at = from; at < end; ) {
                int c = text.codePointAt(at);
                symbol(c);
                at += Character.charCount(c);
            }
        }
        endUnknown();
        int merged = queue.merge();
        for (int i = 0; i < merged; i++) {
            id(queue.symbols()[i]);
        }
    }

    private void bytes(String text, int from, int end) {
        for (int at = from; at < end; at++) {
            char c = text.charAt(at);
            if (c >= 0x80) {
                for (byte b : text.substring(at, end).getBytes(StandardCharsets.UTF_8)) {
                    symbol(ByteAlphabet.character(b & 0xFF));
                }
                return;
            }
            symbol(ByteAlphabet.character(c));
        }
    }

    private String spelled(String text, int from, int end) {
        String word = text.substring(from, end);
        if (!model.byteLevel()) {
            return word;
        }
        StringBuilder spelled = new StringBuilder();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            spelled.append(ByteAlphabet.character(b & 0xFF));
        }
        return spelled.toString();
    }

    private void symbol(int character) {
        int id = model.symbol(character);
        if (id >= 0) {
            endUnknown();
            queue.add(id);
            return;
        }
        int[] fallback = options.byteFallback() ? model.fallback(character) : new int[0];
        for (int b : fallback) {
            queue.add(b);
        }
        if (fallback.length == 0) {
            if (!options.fuseUnknown()) {
                endUnknown();
            }
            unknownBefore = true;
        }
    }

    /** The id of what is nothing comes when the next known character does: behind the bytes of others, as in the library. */
    private void endUnknown() {
        if (unknownBefore && options.unknown() >= 0) {
            queue.add(options.unknown());
        }
        unknownBefore = false;
    }
}
