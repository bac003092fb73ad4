package dev.fovea.app.cli;

import dev.fovea.Answer;
import dev.fovea.GenerateOptions;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.Warnings;
import dev.fovea.io.ModelDirectory;
import dev.fovea.io.ModelFingerprint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One run of a batch: answers what has no answer yet, and says how it went. */
final class BatchRun {
    private static final int SHOWN_FAILURES = 5;

    private final String model;
    private final BatchInput input;
    private final BatchOutput output;
    private final int batchSize;
    private final EngineOptions engine;
    private final StatusLine status;
    private final List<String> failures = new ArrayList<>();
    private final List<Slot> slots = new ArrayList<>();
    private String modelSum = "";
    private int answered;
    private int index;

    /** A request whose turn it is. */
    private record Slot(BatchItem item, Fingerprint fingerprint) {}

    BatchRun(
            String model,
            BatchInput input,
            BatchOutput output,
            int batchSize,
            EngineOptions engine,
            StatusLine status) {
        this.model = model;
        this.input = input;
        this.output = output;
        this.batchSize = batchSize;
        this.engine = engine;
        this.status = status;
    }

    /** @return the exit status */
    int run(boolean redo, boolean quiet, Console console) {
        status.show("Comparing");
        modelSum = sum();
        Optional<BatchResume> resume = Optional.empty();
        if (output.isFile()) {
            input.hold();
            resume = Optional.of(BatchResume.of(input, output, modelSum, redo));
            failures.addAll(resume.get().failures());
        }
        int before = resume.map(BatchResume::before).orElse(0);
        if (resume.isEmpty() || before < resume.get().total()) {
            answer(resume, before);
        }
        status.clear();
        if (!quiet) {
            console.note(summary(before));
        }
        return failures.isEmpty() ? ExitStatus.DONE : ExitStatus.INPUT;
    }

    /** What fingerprints say of the model: the directory, and what it computes in. */
    private String sum() {
        ModelDirectory directory = ModelDirectory.open(Path.of(model), Warnings.none());
        String dtype = engine.dtype.equals("auto") ? directory.storedDtype().torchName() : engine.dtype;
        return Fingerprint.sum(ModelFingerprint.of(directory) + " " + dtype);
    }

    private void answer(Optional<BatchResume> resume, int before) {
        status.show("Loading " + model);
        try (Pipeline pipe = Pipeline.of("image-text-to-text", model, engine.loadOptions(status))) {
            input.forEach(item -> {
                if (resume.filter(r -> r.isDone(index)).isEmpty()) {
                    showProgress(resume, before);
                    slots.add(new Slot(item, item.fingerprint(modelSum)));
                }
                index++;
                if (slots.size() == batchSize) {
                    flush(pipe);
                }
            });
            flush(pipe);
        }
    }

    private void showProgress(Optional<BatchResume> resume, int before) {
        resume.ifPresentOrElse(
                r -> status.showProgress(before + answered, r.total(), before), () -> status.show(answered + " done"));
    }

    private void flush(Pipeline pipe) {
        List<Answer> together = together(pipe);
        int next = 0;
        for (Slot slot : slots) {
            boolean isAnswered = slot.item().request().isPresent() && !together.isEmpty();
            output.write(
                    isAnswered
                            ? slot.item().answered(together.get(next++).toMap(), slot.fingerprint())
                            : alone(pipe, slot));
            answered++;
        }
        slots.clear();
    }

    /** The answers to all requests; none where one of them spoils the batch: then each is tried by itself. */
    private List<Answer> together(Pipeline pipe) {
        List<Request> requests =
                slots.stream().flatMap(s -> s.item().request().stream()).toList();
        if (requests.size() < 2) {
            return List.of();
        }
        try {
            return pipe.answer(requests, GenerateOptions.DEFAULT);
        } catch (RuntimeException | OutOfMemoryError e) {
            return List.of();
        }
    }

    private Map<String, @Nullable Object> alone(Pipeline pipe, Slot slot) {
        Throwable failure;
        if (slot.item().failure().isPresent()) {
            failure = slot.item().failure().get();
        } else {
            try {
                Answer answer = pipe.answer(slot.item().request().orElseThrow());
                return slot.item().answered(answer.toMap(), slot.fingerprint());
            } catch (RuntimeException | OutOfMemoryError e) {
                failure = e;
            }
        }
        failures.add(slot.item().shortPlace());
        return slot.item().failed(failure, slot.fingerprint());
    }

    private String summary(int before) {
        int all = before + answered;
        return all + (all == 1 ? " request" : " requests") + (before > 0 ? ", " + before + " of them before" : "")
                + ": " + (all - failures.size()) + " answered, " + failures.size() + " failed" + places();
    }

    /** Which failed: {@code : in.jsonl, lines 2 and 5}. */
    private String places() {
        if (failures.isEmpty()) {
            return "";
        }
        String shown = String.join(", ", failures.subList(0, Math.min(failures.size(), SHOWN_FAILURES)));
        int more = failures.size() - SHOWN_FAILURES;
        return ": " + input.placesOf(failures.size()) + shown + (more > 0 ? " and " + more + " more" : "");
    }
}
