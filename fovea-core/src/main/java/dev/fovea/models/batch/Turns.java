package dev.fovea.models.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** A queue in which clients take turns, whatever the number of items of each; the items of one client keep their order. */
final class Turns {
    /** The client whose turn it is comes first. */
    private final Map<String, Deque<Call>> byClient = new LinkedHashMap<>();

    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(Call call) {
        byClient.computeIfAbsent(call.client(), _ -> new ArrayDeque<>()).addLast(call);
        size++;
    }

    /** The next one; the queue is not empty. */
    Call peek() {
        return byClient.values().iterator().next().getFirst();
    }

    /** Takes the next one out and gives the turn to the next client. */
    Call take() {
        Iterator<Deque<Call>> clients = byClient.values().iterator();
        Deque<Call> own = clients.next();
        clients.remove();
        Call call = own.removeFirst();
        if (!own.isEmpty()) {
            byClient.put(call.client(), own);
        }
        size--;
        return call;
    }

    /** Puts one that was taken, and is not done, in front of its client's others. */
    void putBack(Call call) {
        byClient.computeIfAbsent(call.client(), _ -> new ArrayDeque<>()).addFirst(call);
        size++;
    }

    /** Takes one out of turn; whether it was there. */
    boolean remove(Call call) {
        Deque<Call> own = byClient.get(call.client());
        if (own == null || !own.remove(call)) {
            return false;
        }
        if (own.isEmpty()) {
            byClient.remove(call.client());
        }
        size--;
        return true;
    }
}
