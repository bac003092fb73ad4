package dev.fovea.text.grammar;

import java.nio.IntBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes an {@link Automaton} of networks: leaves out what leads to no end, then follows sets of states. */
final class Determiniser {
    private record Edge(int first, int last, int target) {}

    private final List<Network> networks;

    /** For each network the states from which its end can be reached. */
    private final List<BitSet> live = new ArrayList<>();

    private final Map<Integer, Integer> starts = new HashMap<>();
    private final Deque<Integer> open = new ArrayDeque<>();
    private final List<List<Edge>> edges = new ArrayList<>();
    private final List<int[]> calls = new ArrayList<>();
    private final BitSet ends = new BitSet();

    Determiniser(List<Network> networks) {
        this.networks = networks;
        List<List<Integer>> callers = new ArrayList<>();
        networks.forEach(_ -> {
            live.add(new BitSet());
            callers.add(new ArrayList<>());
        });
        Deque<Integer> changed = new ArrayDeque<>();
        for (int rule = 0; rule < networks.size(); rule++) {
            int caller = rule;
            networks.get(rule)
                    .calls
                    .forEach(calls ->
                            calls.forEach(call -> callers.get(call.rule()).add(caller)));
            changed.add(rule);
        }
        while (!changed.isEmpty()) {
            int rule = changed.remove();
            boolean before = isProductive(rule);
            live.set(rule, live(networks.get(rule)));
            if (isProductive(rule) && !before) {
                changed.addAll(callers.get(rule));
            }
        }
    }

    /** Empty where the root has no end. */
    Optional<Automaton> automaton(int root) {
        if (!isProductive(root)) {
            return Optional.empty();
        }
        int start = start(root);
        while (!open.isEmpty()) {
            determine(open.remove());
        }
        return Optional.of(table(start));
    }

    private boolean isProductive(int rule) {
        return live.get(rule).get(networks.get(rule).start);
    }

    /** Backwards from the end. */
    private BitSet live(Network network) {
        int states = network.bytes.size();
        List<List<Integer>> before = new ArrayList<>(states);
        for (int s = 0; s < states; s++) {
            before.add(new ArrayList<>(2));
        }
        for (int s = 0; s < states; s++) {
            int from = s;
            network.bytes.get(s).forEach(edge -> before.get(edge.target()).add(from));
            network.empty.get(s).forEach(to -> before.get(to).add(from));
            network.calls.get(s).stream()
                    .filter(call -> isProductive(call.rule()))
                    .forEach(call -> before.get(call.target()).add(from));
        }
        BitSet reached = new BitSet();
        Deque<Integer> next = new ArrayDeque<>(List.of(network.end));
        while (!next.isEmpty()) {
            int s = next.pop();
            if (!reached.get(s)) {
                reached.set(s);
                next.addAll(before.get(s));
            }
        }
        return reached;
    }

    /** The number of a rule's first state; the others follow when the rule's turn comes. */
    private int start(int rule) {
        return starts.computeIfAbsent(rule, r -> {
            open.add(r);
            return state();
        });
    }

    private int state() {
        if (edges.size() >= 40 * CharDfa.MAX_STATES) {
            throw CharDfa.tooLarge();
        }
        edges.add(List.of());
        calls.add(new int[0]);
        return edges.size() - 1;
    }

    private void determine(int rule) {
        Network network = networks.get(rule);
        Map<IntBuffer, Integer> numbers = new HashMap<>();
        List<int[]> sets = new ArrayList<>();
        int[] first = closure(network, rule, new int[] {network.start}, 1);
        numbers.put(IntBuffer.wrap(first), start(rule));
        sets.add(first);
        for (int i = 0; i < sets.size(); i++) {
            int[] set = sets.get(i);
            int number = numbers.getOrDefault(IntBuffer.wrap(set), -1);
            edges.set(number, edges(network, rule, set, numbers, sets));
            calls.set(number, calls(network, rule, set, numbers, sets));
            ends.set(number, Arrays.binarySearch(set, network.end) >= 0);
        }
    }

    private int number(int[] set, Map<IntBuffer, Integer> numbers, List<int[]> sets) {
        return numbers.computeIfAbsent(IntBuffer.wrap(set), _ -> {
            sets.add(set);
            return state();
        });
    }

    private List<Edge> edges(Network network, int rule, int[] set, Map<IntBuffer, Integer> numbers, List<int[]> sets) {
        BitSet cuts = new BitSet();
        List<Network.Bytes> all = new ArrayList<>();
        for (int s : set) {
            for (Network.Bytes edge : network.bytes.get(s)) {
                if (live.get(rule).get(edge.target())) {
                    cuts.set(edge.first());
                    cuts.set(edge.last() + 1);
                    all.add(edge);
                }
            }
        }
        List<Edge> result = new ArrayList<>();
        int[] targets = new int[all.size()];
        for (int cut = cuts.nextSetBit(0); cut >= 0; cut = cuts.nextSetBit(cut + 1)) {
            int count = 0;
            for (Network.Bytes edge : all) {
                if (edge.first() <= cut && cut <= edge.last()) {
                    targets[count++] = edge.target();
                }
            }
            if (count > 0) {
                int target = number(closure(network, rule, targets, count), numbers, sets);
                result.add(new Edge(cut, cuts.nextSetBit(cut + 1) - 1, target));
            }
        }
        return result;
    }

    private int[] calls(Network network, int rule, int[] set, Map<IntBuffer, Integer> numbers, List<int[]> sets) {
        Map<Integer, List<Integer>> targets = new TreeMap<>();
        for (int s : set) {
            for (Network.Call call : network.calls.get(s)) {
                if (isProductive(call.rule()) && live.get(rule).get(call.target())) {
                    targets.computeIfAbsent(call.rule(), _ -> new ArrayList<>()).add(call.target());
                }
            }
        }
        int[] pairs = new int[2 * targets.size()];
        int i = 0;
        for (Map.Entry<Integer, List<Integer>> call : targets.entrySet()) {
            int[] behind = call.getValue().stream().mapToInt(Integer::intValue).toArray();
            pairs[i++] = start(call.getKey());
            pairs[i++] = number(closure(network, rule, behind, behind.length), numbers, sets);
        }
        return pairs;
    }

    /** These live states and those that they lead to without a byte, in order. */
    private int[] closure(Network network, int rule, int[] from, int count) {
        int[] all = new int[Math.max(8, count)];
        int size = 0;
        for (int i = 0; i < count; i++) {
            if (!contains(all, size, from[i])) {
                all[size++] = from[i];
            }
        }
        for (int i = 0; i < size; i++) {
            for (int to : network.empty.get(all[i])) {
                if (live.get(rule).get(to) && !contains(all, size, to)) {
                    if (size == all.length) {
                        all = Arrays.copyOf(all, 2 * size);
                    }
                    all[size++] = to;
                }
            }
        }
        int[] sorted = Arrays.copyOf(all, size);
        Arrays.sort(sorted);
        return sorted;
    }

    private static boolean contains(int[] values, int size, int value) {
        for (int i = 0; i < size; i++) {
            if (values[i] == value) {
                return true;
            }
        }
        return false;
    }

    private Automaton table(int start) {
        BitSet cuts = new BitSet();
        edges.stream().flatMap(List::stream).forEach(edge -> {
            cuts.set(edge.first);
            cuts.set(edge.last + 1);
        });
        int[] classOf = new int[256];
        int classes = 1;
        for (int b = 1; b < 256; b++) {
            classes += cuts.get(b) ? 1 : 0;
            classOf[b] = classes - 1;
        }
        int[] next = new int[edges.size() * classes];
        Arrays.fill(next, -1);
        boolean[] isEnd = new boolean[edges.size()];
        for (int s = 0; s < isEnd.length; s++) {
            isEnd[s] = ends.get(s);
            for (Edge edge : edges.get(s)) {
                Arrays.fill(next, s * classes + classOf[edge.first], s * classes + classOf[edge.last] + 1, edge.target);
            }
        }
        return new Automaton(start, classes, classOf, next, isEnd, calls.toArray(int[][]::new));
    }
}
