package dev.fovea.app.cli;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which requests have their answer already. An answer belongs to the request with its id, where all requests have one of their own, else
 * to that of its line; and it counts only while all that it depends on is as it was.
 */
final class BatchResume {
    private final BatchInput input;
    private final BatchOutput output;
    private final String model;
    private final boolean redo;
    private final List<String> ids = new ArrayList<>();
    private final Set<String> heads = new LinkedHashSet<>();
    private final BitSet done = new BitSet();
    private final List<String> failures = new ArrayList<>();
    private int total;

    private BatchResume(BatchInput input, BatchOutput output, String model, boolean redo) {
        this.input = input;
        this.output = output;
        this.model = model;
        this.redo = redo;
    }

    /**
     * Compares the answers of a file with the requests, and makes the file ready for those that are missing.
     *
     * @param model the part of fingerprints that says which it is
     * @param redo whether answers that no longer count, and failures, are dropped
     * @throws InputException where there are such and they are not to be dropped
     */
    static BatchResume of(BatchInput input, BatchOutput output, String model, boolean redo) {
        BatchResume resume = new BatchResume(input, output, model, redo);
        input.forEach(item -> {
            resume.ids.add(item.idText());
            resume.heads.add(item.head());
        });
        resume.total = resume.ids.size();
        output.prepare(resume.match(), resume.heads);
        return resume;
    }

    int total() {
        return total;
    }

    /** Requests that are answered, among them those that failed. */
    int before() {
        return done.cardinality();
    }

    /** @param index of a request, from 0 */
    boolean isDone(int index) {
        return done.get(index);
    }

    /** Where the requests stand that failed before. */
    List<String> failures() {
        return failures;
    }

    private Set<BatchOutput.Earlier> match() {
        Set<BatchOutput.Earlier> dropped = new HashSet<>();
        if (output.earlier().isEmpty()) {
            return dropped;
        }
        boolean byId = new HashSet<>(ids).size() == total && !ids.contains("null");
        Map<Object, BatchOutput.Earlier> open = open(byId);
        List<String> changes = new ArrayList<>();
        int[] index = {0};
        input.forEach(item -> {
            BatchOutput.Earlier answer = open.remove(byId ? item.idText() : (Object) item.line());
            int at = index[0]++;
            if (answer == null) {
                return;
            }
            String change = change(item, answer);
            if (change.isEmpty() && !(redo && answer.failed())) {
                done.set(at);
                if (answer.failed()) {
                    failures.add(item.shortPlace());
                }
            } else if (redo) {
                dropped.add(answer);
            } else {
                changes.add("line " + answer.number() + " answers " + item.place() + ", but " + change
                        + (change.contains(" and ") || change.endsWith("s") ? " have" : " has") + " changed since");
            }
        });
        refuse(open, byId);
        refuse(changes);
        return dropped;
    }

    private Map<Object, BatchOutput.Earlier> open(boolean byId) {
        Map<Object, BatchOutput.Earlier> open = new LinkedHashMap<>();
        for (BatchOutput.Earlier answer : output.earlier()) {
            BatchOutput.Earlier other = open.put(byId ? answer.id() : (Object) answer.requestLine(), answer);
            if (other != null) {
                throw new InputException(
                        "cannot go on in " + Quote.of(output.name()) + ": its lines " + other.number() + " and "
                                + answer.number() + " answer the same request",
                        "give another --output; --overwrite starts anew");
            }
        }
        return open;
    }

    private String change(BatchItem item, BatchOutput.Earlier answer) {
        return item.idText().equals(answer.id()) ? item.fingerprint(model).differences(answer.fingerprint()) : "its id";
    }

    private void refuse(Map<Object, BatchOutput.Earlier> left, boolean byId) {
        left.values().stream().findFirst().ifPresent(answer -> {
            throw new InputException(
                    "cannot go on in " + Quote.of(output.name()) + ": its line " + answer.number() + " answers "
                            + (byId ? "the request " + Quote.of(answer.id()) : "line " + answer.requestLine())
                            + ", which " + Quote.of(input.name()) + " does not have",
                    "give another --output; --overwrite starts anew");
        });
    }

    private void refuse(List<String> changes) {
        if (!changes.isEmpty()) {
            int more = changes.size() - 1;
            throw new InputException(
                    "cannot go on in " + Quote.of(output.name()) + ": " + changes.getFirst()
                            + (more > 0 ? "; so it is with " + more + " more" : ""),
                    "--redo answers again what has changed and what failed; another --output keeps both");
        }
    }
}
