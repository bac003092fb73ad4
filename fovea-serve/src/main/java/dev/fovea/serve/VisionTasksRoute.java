package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.Quote;
import dev.fovea.media.ImageSource;
import dev.fovea.models.Parsed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/vision/tasks}: what a model with tasks finds in a picture, as boxes, polygons and texts with names. */
final class VisionTasksRoute implements Handler {
    private final Service service;

    VisionTasksRoute(Service service) {
        this.service = service;
    }

    @Override
    public void handle(Exchange exchange) {
        Fields request = service.json(exchange);
        Served model = service.model(request);
        Pipeline pipeline = model.pipeline();
        String task = task(request, pipeline.processor().tasks(), model.id());
        String input = request.string("input").orElse("");
        ImageSource picture = picture(request, service.media(exchange));
        Sampling sampling = Sampling.read(
                request, pipeline, service.options().maxNewTokens(), "max_completion_tokens", "max_tokens");
        request.only("n", 1L, "a task has one answer");
        request.only("stream", false, "boxes are known when the answer is whole");
        request.withoutEffect("user", "metadata");
        request.done();
        Request asked = Request.of(task + input, picture).withGenerate(sampling.config());
        try (Running running = service.start(model, asked, exchange)) {
            Answer answer = running.await();
            Reply reply = new Reply("task-", model.id());
            exchange.about(reply.about(answer));
            exchange.send(json(reply, task, answer));
        }
    }

    /** {@code OD} is {@code <OD>}. */
    private static String task(Fields request, List<String> tasks, String model) {
        if (tasks.isEmpty()) {
            throw Problem.of(
                    "model", "the model " + Quote.of(model) + " knows no tasks; ask it by /v1/chat/completions");
        }
        String given = request.requiredString("task");
        String task = given.startsWith("<") ? given : "<" + given + ">";
        if (!tasks.contains(task)) {
            throw Problem.of("task", "task is " + Quote.of(given) + "; expected one of " + String.join(", ", tasks));
        }
        return task;
    }

    private static ImageSource picture(Fields request, Media media) {
        if (request.has("file_id")) {
            return media.pictureOfFile(request.requiredString("file_id"), "file_id");
        }
        Object url = request.value("image_url").orElseThrow(() -> request.missing("image_url"));
        if (url instanceof String text) {
            return media.picture(text, "image_url");
        }
        Fields nested = Fields.of(url, "image_url");
        nested.withoutEffect("detail");
        ImageSource picture = media.picture(nested.requiredString("url"), "image_url.url");
        nested.done();
        return picture;
    }

    private static Map<String, @Nullable Object> json(Reply reply, String task, Answer answer) {
        Map<String, @Nullable Object> json = reply.head("vision.task");
        json.put("task", task);
        List<Map<String, @Nullable Object>> boxes = new ArrayList<>();
        List<Map<String, @Nullable Object>> polygons = new ArrayList<>();
        List<Map<String, @Nullable Object>> texts = new ArrayList<>();
        String text = answer.text();
        if (!answer.parsed().isEmpty()) {
            Parsed parsed = answer.parsed().getFirst();
            json.put("parsed", parsed.toMap());
            switch (parsed) {
                case Parsed.Text t -> text = t.text();
                case Parsed.Boxes b -> b.boxes().forEach(box -> boxes.add(box(box)));
                case Parsed.Quads q -> q.quads().forEach(quad -> texts.add(quad(quad)));
                case Parsed.Polygons p -> p.polygons().forEach(polygon -> polygons.add(polygon(polygon)));
                case Parsed.BoxesOrPolygons both -> {
                    both.boxes().forEach(box -> boxes.add(box(box)));
                    both.polygons().forEach(polygon -> polygons.add(polygon(polygon)));
                }
            }
        }
        json.put("text", text);
        json.put("boxes", boxes);
        json.put("polygons", polygons);
        json.put("texts", texts);
        json.put("finish_reason", ChatRoute.finish(answer.sequences().getFirst().finishReason()));
        json.put("usage", Reply.usage(answer));
        json.put("timings", answer.toMap().get("timings"));
        return json;
    }

    private static Map<String, @Nullable Object> box(Parsed.Box box) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("label", box.label());
        json.put("x1", box.x1());
        json.put("y1", box.y1());
        json.put("x2", box.x2());
        json.put("y2", box.y2());
        box.score().ifPresent(score -> json.put("score", score));
        return json;
    }

    private static Map<String, @Nullable Object> quad(Parsed.Quad quad) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("text", quad.text());
        json.put("corners", points(quad.corners()));
        return json;
    }

    private static Map<String, @Nullable Object> polygon(Parsed.Polygon polygon) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("label", polygon.label());
        json.put(
                "outlines",
                polygon.outlines().stream().map(VisionTasksRoute::points).toList());
        return json;
    }

    private static List<List<Double>> points(List<Parsed.Point> points) {
        return points.stream().map(p -> List.of(p.x(), p.y())).toList();
    }
}
