package dev.fovea.backend.cpu.attention;

import dev.fovea.backend.cpu.rows.Rows;
import dev.fovea.tensor.Mask;

/** Rows of one call of {@link VectorFlashCode}, a lane each: neighbouring queries with heads that share a key head. */
record FlashRows(Attention.Call call, int group, int first, int count) {
    private int shared() {
        return call.heads().shared();
    }

    private int query(int i) {
        return (first + i) / shared();
    }

    /** How many rows from one on lie evenly apart: those of one query, or where no heads share a key head all. */
    int run(int i) {
        return shared() == 1 ? count - i : Math.min(shared() - (first + i) % shared(), count - i);
    }

    /** Bytes between rows of a run. */
    long stride(Rows rows) {
        return shared() == 1
                ? rows.stride()
                : (long) call.heads().width() * rows.dtype().bytes();
    }

    /** Where a row of queries or results begins. */
    long at(Rows rows, int i) {
        return call.head(rows, query(i), group * shared() + (first + i) % shared());
    }

    /** The first key that any of them sees. */
    int from() {
        int from = Integer.MAX_VALUE;
        for (int query = query(0); query <= query(count - 1); query++) {
            from = Math.min(from, call.mask().from()[query]);
        }
        return from;
    }

    /** One past the last key that any of them sees. */
    int to() {
        int to = 0;
        for (int query = query(0); query <= query(count - 1); query++) {
            to = Math.max(to, call.mask().to()[query]);
        }
        return to;
    }

    /** Writes into a frame who sees what, of the keys from one on, which come in blocks. */
    void see(long frame, int start, int block) {
        Mask mask = call.mask();
        int from = start;
        int to = Integer.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            int query = query(i);
            VectorFrame.see(frame, i, mask.from()[query] - start, mask.to()[query] - start);
            from = Math.max(from, mask.from()[query]);
            to = Math.min(to, mask.to()[query]);
        }
        if (from == start && to == to()) {
            VectorFrame.seeAll(frame);
        } else {
            VectorFrame.seeTogether(frame, from - start, to - start, block);
        }
    }
}
