package dev.fovea.models;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Where a prompt is cut: into parts, whose keys and values are kept for other prompts, and into passes, each of which computes some
 * parts. Both follow from the prompt and the model alone, so that an answer has the same bits whatever was found.
 *
 * <p>Where a row's bits do not depend on the rows beside it, parts are short and a pass has as many as it may. Elsewhere a part is a
 * pass. A cut is never inside a block that sees ahead.
 */
final class PromptParts {
    /** Rows of a part, where a prompt may be cut anywhere. */
    static final int SHORT = 16;

    /** Rows of a part that ends behind the last picture, at least: the next question about the same pictures finds it. */
    private static final int PICTURES = 128;

    /** Rows of a part that ends behind a turn, at least: a pass costs as much as some hundred rows beside its own. */
    private static final int TURNS = 256;

    private final Prompt prompt;
    private final int[] turnEnds;
    private final int chunk;
    private final boolean anywhere;
    private final int[] ends;
    private ByteBuffer[] keys = {};

    /** @param turnEnds ascending, places behind which another speaks */
    PromptParts(Prompt prompt, int[] turnEnds, CausalModel model) {
        this.prompt = prompt;
        this.turnEnds = turnEnds;
        chunk = model.prefillChunk();
        anywhere = model.sharedPromptRows().isUnbounded();
        ends = ends();
    }

    private int[] ends() {
        int[] all = new int[prompt.length()];
        int count = 0;
        for (int end = next(0); end > 0; end = next(end)) {
            all[count++] = end;
        }
        return Arrays.copyOf(all, count);
    }

    /** The cut behind one; 0 where there is none. */
    private int next(int from) {
        int end = anywhere ? outside(from + SHORT) : behindPass(from);
        boolean apart = anywhere ? end <= prompt.length() && prompt.length() > Backend.FEW_ROWS : end < prompt.length();
        return apart ? end : 0;
    }

    private int behindPass(int from) {
        int end = Math.min(prompt.length(), from + chunk);
        int picture = prompt.pictureEnd();
        if (from + PICTURES <= picture && picture < end) {
            return outside(picture);
        }
        for (int turn : turnEnds) {
            if (from + TURNS <= turn && turn < end) {
                return turn;
            }
        }
        return outside(end);
    }

    /** A place, or the end of the block that it lies in. */
    private int outside(int end) {
        return end >= prompt.length() ? end : Math.max(end, prompt.blockEnd()[end - 1]);
    }

    /** Parts that are kept; what is behind the last one is not. */
    int count() {
        return ends.length;
    }

    /** Rows of so many parts. */
    int rows(int done) {
        return done == 0 ? 0 : ends[done - 1];
    }

    int rowsOf(int part) {
        return rows(part + 1) - rows(part);
    }

    /** Whether the prompt may go on behind a part that was found: rows are left that give its logits, by the same kernels. */
    boolean mayFollow(int part) {
        int least = anywhere ? Backend.FEW_ROWS : 0;
        return ends[part] + least < prompt.length();
    }

    /** Where the pass ends that starts behind some parts. */
    int passEnd(int done) {
        int start = rows(done);
        if (!anywhere) {
            return done == ends.length ? prompt.length() : ends[done];
        }
        if (prompt.length() <= start + chunk) {
            return prompt.length();
        }
        int part = done;
        while (part + 1 < ends.length && ends[part + 1] <= start + chunk && mayFollow(part + 1)) {
            part++;
        }
        return mayFollow(part) ? ends[part] : prompt.length();
    }

    /**
     * Makes the keys of all parts: each a hash of all that the keys and values of a part come of.
     *
     * @param tenant whose prompt it is
     */
    void hash(ByteBuffer tenant) {
        keys = new ByteBuffer[ends.length + 1];
        keys[0] = tenant;
        for (int part = 0; part < ends.length; part++) {
            keys[part + 1] = hash(keys[part], rows(part), rows(part + 1));
        }
    }

    /** The key of the part in front of one; for the first, whose prompt it is. */
    ByteBuffer front(int part) {
        return keys[part];
    }

    ByteBuffer key(int part) {
        return keys[part + 1];
    }

    private ByteBuffer hash(ByteBuffer front, int from, int to) {
        MessageDigest digest = Digests.sha256();
        digest.update(front.duplicate());
        ByteBuffer rest = ByteBuffer.allocate(Integer.BYTES * (2 + (to - from) * (prompt.positions().length + 1)));
        rest.putInt(from).putInt(to);
        for (int i = from; i < to; i++) {
            for (int[] axis : prompt.positions()) {
                rest.putInt(axis[i]);
            }
            rest.putInt(prompt.blockEnd()[i]);
        }
        digest.update(rest.flip());
        Tensor rows = prompt.inputsEmbeds().rows(from, to);
        byte[] vectors = new byte[Math.toIntExact(rows.bytes())];
        rows.backend().read(rows, MemorySegment.ofArray(vectors));
        digest.update(vectors);
        return ByteBuffer.wrap(digest.digest());
    }
}
