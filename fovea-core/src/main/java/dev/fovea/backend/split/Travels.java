package dev.fovea.backend.split;

import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** Copies of tensors from home to home, by way of the host. */
final class Travels {
    /** cos and sin of two ropes on a few homes. */
    private static final int KEPT = 16;

    /** What this thread copied last: tables that every layer of a home asks for. */
    private final ThreadLocal<Deque<Copy>> last = ThreadLocal.withInitial(ArrayDeque::new);

    private record Copy(Tensor source, Tensor there) {}

    /**
     * A table whose values never change, at a home; it lives as long as its source there.
     *
     * @return as the home knows it
     */
    Tensor at(Tensor table, Backend home) {
        if (table.home() == home) {
            return table.on(home);
        }
        Deque<Copy> copies = last.get();
        for (Copy copy : copies) {
            if (copy.source == table && copy.there.home() == home) {
                return copy.there;
            }
        }
        Tensor there = Scope.beside(table, home).on(home);
        move(table.on(table.home()), there);
        copies.addFirst(new Copy(table, there));
        if (copies.size() > KEPT) {
            copies.removeLast();
        }
        return there;
    }

    /** Copies a densely packed tensor over another of the same size, each as its home knows it. */
    static void move(Tensor from, Tensor to) {
        if (from.home() == to.home()) {
            from.home().move(from, to);
        } else if (to.home().isHost()) {
            from.home().read(from, bytes(to));
        } else if (from.home().isHost()) {
            to.home().write(bytes(from), to);
        } else {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment between = arena.allocate(from.bytes(), 64);
                from.home().read(from, between);
                to.home().write(between, to);
            }
        }
    }

    private static MemorySegment bytes(Tensor x) {
        return x.memory().asSlice(x.offset() * x.dtype().bytes(), x.bytes());
    }
}
