package dev.fovea.backend.cuda.ptx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;

/**
 * From where to where in the code a register has a value that somebody will read, so that registers which never have one at the
 * same time may lie in the same place: compilers give each value a register of its own, thousands of them.
 *
 * <p>A place in time is twice the statement's number for what it reads, and one more for what it writes.
 */
final class PtxLives {
    private final PtxEntry entry;
    private final List<Use> uses;
    private final int[] first;
    private final int[] last;

    /** That a statement reads or writes a register; {@code sure} where it writes for all that come to it. */
    record Use(int statement, int slot, boolean writes, boolean sure) {}

    /** Statements from one on, up to another, of which the first alone is jumped to, and the last alone jumps. */
    private static final class Block {
        private final int from;
        private final int to;
        private final BitSet read = new BitSet();
        private final BitSet written = new BitSet();
        private final BitSet before = new BitSet();
        private final BitSet after = new BitSet();
        private final List<Block> next = new ArrayList<>();

        Block(int from, int to) {
            this.from = from;
            this.to = to;
        }

        /** Whether more is known to be alive before it than was. */
        boolean flow() {
            next.forEach(block -> after.or(block.before));
            BitSet alive = (BitSet) after.clone();
            alive.andNot(written);
            alive.or(read);
            boolean more = !alive.equals(before);
            before.or(alive);
            return more;
        }
    }

    private PtxLives(PtxEntry entry, List<Use> uses, int slots) {
        this.entry = entry;
        this.uses = uses;
        first = new int[slots];
        last = new int[slots];
        Arrays.fill(first, Integer.MAX_VALUE);
        Arrays.fill(last, -1);
    }

    /**
     * Where each slot may lie.
     *
     * @param uses of slots, in the order of the statements
     * @return by slot; -1 for those that are not among the uses
     */
    static int[] places(PtxEntry entry, List<Use> uses, int slots) {
        PtxLives lives = new PtxLives(entry, uses, slots);
        List<Block> blocks = lives.blocks();
        boolean more = true;
        while (more) {
            more = false;
            for (Block block : blocks.reversed()) {
                more |= block.flow();
            }
        }
        for (Block block : blocks) {
            block.before.stream().forEach(slot -> lives.extend(slot, 2 * block.from));
            block.after.stream().forEach(slot -> lives.extend(slot, 2 * block.to - 1));
        }
        uses.forEach(use -> lives.extend(use.slot, 2 * use.statement + (use.writes ? 1 : 0)));
        return lives.packed();
    }

    private void extend(int slot, int time) {
        first[slot] = Math.min(first[slot], time);
        last[slot] = Math.max(last[slot], time);
    }

    private List<Block> blocks() {
        int end = entry.statements().size();
        TreeSet<Integer> starts = new TreeSet<>(entry.labels().values());
        starts.add(0);
        for (int i = 0; i < end; i++) {
            if (entry.jumps(i)) {
                starts.add(i + 1);
            }
        }
        starts.remove(end);
        Block[] at = new Block[end];
        List<Block> blocks = new ArrayList<>();
        for (int start : starts) {
            Integer next = starts.higher(start);
            Block block = new Block(start, next == null ? end : next);
            Arrays.fill(at, block.from, block.to, block);
            blocks.add(block);
        }
        for (Block block : blocks) {
            entry.after(block.to - 1).filter(i -> i < end).forEach(i -> block.next.add(at[i]));
        }
        for (Use use : uses) {
            Block block = at[use.statement];
            if (use.writes && use.sure) {
                block.written.set(use.slot);
            } else if (!block.written.get(use.slot)) {
                block.read.set(use.slot);
            }
        }
        return blocks;
    }

    /** Gives each slot the first place that is free when its life begins. */
    private int[] packed() {
        int[] places = new int[first.length];
        Arrays.fill(places, -1);
        List<List<Integer>> begins = byTime(first);
        List<List<Integer>> ends = byTime(last);
        Deque<Integer> free = new ArrayDeque<>();
        int count = 0;
        for (int time = 0; time < begins.size(); time++) {
            for (int slot : begins.get(time)) {
                places[slot] = free.isEmpty() ? count++ : free.pop();
            }
            for (int slot : ends.get(time)) {
                free.push(places[slot]);
            }
        }
        return places;
    }

    private List<List<Integer>> byTime(int[] times) {
        List<List<Integer>> slots = new ArrayList<>();
        for (int i = 0; i <= 2 * entry.statements().size(); i++) {
            slots.add(new ArrayList<>(0));
        }
        for (int slot = 0; slot < times.length; slot++) {
            if (last[slot] >= 0) {
                slots.get(times[slot]).add(slot);
            }
        }
        return slots;
    }
}
