package dev.fovea.app.cli;

import dev.fovea.Hub;
import dev.fovea.hub.CachedModel;
import dev.fovea.hub.PullOptions;
import dev.fovea.io.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What the caches hold. */
@Command(
        name = "list",
        description = "Lists the models in the caches of this machine, and which of them Fovea runs.",
        sortOptions = false,
        footer = {"", "Example:", "  fovea list --format json"})
final class ListCommand implements Callable<Integer> {
    private static final int COMMIT = 8;

    @Mixin
    OutputOptions output = new OutputOptions();

    private final Console console;

    ListCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<CachedModel> models = Hub.list(PullOptions.DEFAULT);
        if (output.json()) {
            console.printLine(Json.write(models.stream().map(ListCommand::json).toList()));
        } else if (models.isEmpty()) {
            console.note("no models are here; fovea pull org/name fetches one");
        } else {
            console.print(table(models));
        }
        return ExitStatus.DONE;
    }

    private static Map<String, @Nullable Object> json(CachedModel model) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", model.name());
        json.put("commit", model.commit());
        json.put("revisions", model.revisions());
        json.put("directory", model.directory().toString());
        json.put("bytes", model.bytes());
        json.put("last_used", model.lastUsed().toString());
        json.put("model_type", model.modelType().orElse(null));
        json.put("usable", model.isUsable());
        json.put("problem", model.problem());
        return json;
    }

    private static String table(List<CachedModel> models) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("MODEL", "REVISION", "SIZE", "LAST USED", "FAMILY"));
        for (CachedModel model : models) {
            String commit = model.commit().length() == 40 ? model.commit().substring(0, COMMIT) : model.commit();
            boolean isNamed = model.revisions().isEmpty() || model.revisions().contains(model.commit());
            rows.add(List.of(
                    model.name(),
                    isNamed ? commit : String.join(",", model.revisions()) + " " + commit,
                    Report.bytes(model.bytes()),
                    ago(model.lastUsed()),
                    model.isUsable() ? model.modelType().orElse("") : "- " + model.problem()));
        }
        int[] widths = new int[4];
        rows.forEach(row -> {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        });
        StringBuilder table = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                table.append(row.get(i))
                        .append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            table.append(row.getLast()).append('\n');
        }
        return table.toString();
    }

    private static String ago(Instant used) {
        if (used.equals(Instant.EPOCH)) {
            return "never"; // it has no files
        }
        Duration time = Duration.between(used, Instant.now());
        long hours = time.toHours();
        return hours < 1
                ? "just now"
                : hours < 48 ? hours + (hours == 1 ? " hour ago" : " hours ago") : time.toDays() + " days ago";
    }
}
