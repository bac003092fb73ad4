package dev.fovea.app.cli;

import dev.fovea.Request;
import dev.fovea.error.Quote;
import dev.fovea.io.Json;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request of a batch, or what stands in its place.
 *
 * @param where it stands, for messages; empty where its id says it
 * @param line of the input, from 1; of requests without an input, their number
 * @param json with the options of the command line; empty where it is none
 * @param text of the line, as far as it can be read
 * @param files that it reads
 * @param failure why there is no request
 */
record BatchItem(
        String where,
        int line,
        Map<String, @Nullable Object> json,
        Optional<String> text,
        Optional<Request> request,
        List<Path> files,
        Optional<Throwable> failure) {

    static BatchItem of(JsonLines.Line line, RequestOptions options, Path directory) {
        Optional<String> text = Optional.empty();
        Map<String, @Nullable Object> json = Map.of();
        try {
            text = Optional.of(line.text());
            json = line.object();
            return of(line.where(), line.number(), json, options, directory);
        } catch (RuntimeException e) {
            return failed(line.where(), line.number(), json, text, e);
        }
    }

    static BatchItem of(
            String where, int line, Map<String, @Nullable Object> json, RequestOptions options, Path directory) {
        Map<String, @Nullable Object> given = json;
        try {
            given = options.under(json);
            Request request = Request.parse(given, directory);
            List<Path> files = RunFiles.of(request);
            return new BatchItem(where, line, given, Optional.empty(), Optional.of(request), files, Optional.empty());
        } catch (RuntimeException e) {
            return failed(where, line, given, Optional.empty(), e);
        }
    }

    private static BatchItem failed(
            String where,
            int line,
            Map<String, @Nullable Object> json,
            Optional<String> text,
            RuntimeException failure) {
        return new BatchItem(where, line, json, text, Optional.empty(), List.of(), Optional.of(failure));
    }

    @Nullable
    Object id() {
        return json.get("id");
    }

    /** The id as it is compared. */
    String idText() {
        return Json.write(id());
    }

    /** Where a message says that it stands. */
    String place() {
        return where.isEmpty() ? Quote.of(String.valueOf(id())) : where;
    }

    /** Within the input. */
    String shortPlace() {
        return where.isEmpty() ? place() : String.valueOf(line);
    }

    Fingerprint fingerprint(String model) {
        return Fingerprint.of(json, files, text, model);
    }

    /** A line of the output. */
    Map<String, @Nullable Object> answered(Map<String, @Nullable Object> answer, Fingerprint fingerprint) {
        Map<String, @Nullable Object> all = head(fingerprint);
        answer.forEach(all::putIfAbsent);
        return all;
    }

    /** A line of the output that says why there is no answer. */
    Map<String, @Nullable Object> failed(Throwable failure, Fingerprint fingerprint) {
        Map<String, @Nullable Object> all = head(fingerprint);
        all.put("error", JsonLines.error(where, failure));
        return all;
    }

    private Map<String, @Nullable Object> head(Fingerprint fingerprint) {
        Map<String, @Nullable Object> head = new LinkedHashMap<>();
        head.put("id", id());
        head.put("fingerprint", fingerprint.toString());
        head.put("line", line);
        return head;
    }

    /** How its line in the output begins, whatever the fingerprint. */
    String head() {
        return "{\"id\": " + idText() + ", \"fingerprint\": \"";
    }
}
