package dev.fovea.text;

import dev.fovea.text.bpe.TokenSteps;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Streams the tokens of a tokenizer whose decoder works piece by piece, SentencePiece's with its byte fallback above all.
 *
 * <p>A run of byte tokens ({@code <0xE2>}) is decoded as a whole and all of it is replaced where it is no UTF-8, so nothing
 * of it is certain before the run ends. What a piece looks like may depend on whether one stands before it (a first piece
 * loses its space), so each is decoded behind its predecessor.
 */
final class PieceDetokenizer implements StreamingDetokenizer {
    private final IntFunction<String> pieces;
    private final Function<int[], String> decode;
    private int[] before = {};
    private int[] held = new int[16];
    private int heldCount;

    /** @param pieces the piece of an id; empty for ids that are to be dropped */
    PieceDetokenizer(IntFunction<String> pieces, Function<int[], String> decode) {
        this.pieces = pieces;
        this.decode = decode;
    }

    @Override
    public String add(int id) {
        String piece = pieces.apply(id);
        if (piece.isEmpty()) {
            return "";
        }
        if (TokenSteps.isByte(piece)) {
            hold(id);
            return "";
        }
        String text = flush();
        hold(id);
        return text + flush();
    }

    @Override
    public String flush() {
        if (heldCount == 0) {
            return "";
        }
        int[] both = Arrays.copyOf(before, before.length + heldCount);
        System.arraycopy(held, 0, both, before.length, heldCount);
        String text = decode.apply(both).substring(decode.apply(before).length());
        before = Arrays.copyOfRange(held, 0, heldCount);
        heldCount = 0;
        return text;
    }

    private void hold(int id) {
        if (heldCount == held.length) {
            held = Arrays.copyOf(held, 2 * heldCount);
        }
        held[heldCount++] = id;
    }
}
