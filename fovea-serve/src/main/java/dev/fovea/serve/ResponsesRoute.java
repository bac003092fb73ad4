package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.FinishReason;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/responses}: the part of it that clients who look at pictures use. Nothing is stored. */
final class ResponsesRoute implements Handler {
    private final Service service;

    ResponsesRoute(Service service) {
        this.service = service;
    }

    private record Asked(
            Served model,
            Sampling sampling,
            Request request,
            Tools tools,
            boolean stream,
            Map<String, @Nullable Object> told) {
        AnswerReader reader() {
            return AnswerReader.of(tools, sampling.stops(), model.pipeline().processor());
        }
    }

    @Override
    public void handle(Exchange exchange) {
        Asked asked = read(exchange, service.json(exchange));
        Reply reply = new Reply("resp_", asked.model().id());
        try (Running running = service.start(asked.model(), asked.request(), exchange)) {
            if (asked.stream()) {
                stream(exchange, asked, reply, running);
            } else {
                Answer answer = running.await();
                exchange.about(reply.about(answer));
                ResponseItems items = new ResponseItems((_, _) -> {});
                items.add(asked.reader().read(answer.sequences().getFirst()));
                exchange.send(response(asked, reply, items, answer));
            }
        }
    }

    private Asked read(Exchange exchange, Fields request) {
        Served model = service.model(request);
        Pipeline pipeline = model.pipeline();
        List<Message> messages = new ChatMessages(
                        service.media(exchange), service.options().maxMessages())
                .read(ResponsesInput.messages(request), "input");
        Sampling sampling = Sampling.read(request, pipeline, service.options().maxNewTokens(), "max_output_tokens");
        Tools tools = Tools.ofResponse(request, messages, pipeline.processor());
        sampling = inForm(request, sampling);
        Request asked = Question.of(messages, request, pipeline, sampling, tools);
        boolean stream = request.flag("stream");
        OpenAiKeys.checkResponse(request);
        request.done();
        return new Asked(model, sampling, asked, tools, stream, told(request));
    }

    /** {@code text.format}: a chat's response_format, without the wrapper around its schema. */
    private static Sampling inForm(Fields request, Sampling sampling) {
        Optional<Fields> text = request.object("text");
        if (text.isEmpty()) {
            return sampling;
        }
        text.get().only("verbosity", "medium", "there is no such model here");
        Map<String, @Nullable Object> format =
                new LinkedHashMap<>(text.get().map("format").orElse(Map.of("type", "text")));
        text.get().done();
        Object type = format.remove("type");
        Map<String, @Nullable Object> wrapped = new LinkedHashMap<>();
        wrapped.put("type", type);
        if ("json_schema".equals(type)) {
            wrapped.put("json_schema", format);
        }
        return new Sampling(
                sampling.config().withResponseFormat(Sampling.format(wrapped)), sampling.stops(), sampling.answers());
    }

    /** What a response repeats of its request. */
    private static Map<String, @Nullable Object> told(Fields request) {
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        for (String key : List.of("instructions", "max_output_tokens", "temperature", "top_p", "metadata", "user")) {
            told.put(key, request.value(key).orElse(null));
        }
        told.putIfAbsent("metadata", Map.of());
        told.put("text", request.value("text").orElse(Map.of("format", Map.of("type", "text"))));
        told.put("tools", request.value("tools").orElse(List.of()));
        told.put("tool_choice", request.value("tool_choice").orElse("auto"));
        told.put("parallel_tool_calls", request.value("parallel_tool_calls").orElse(true));
        return told;
    }

    private static Map<String, @Nullable Object> head(Asked asked, Reply reply, String status) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", reply.id());
        json.put("object", "response");
        json.put("created_at", reply.created());
        json.put("status", status);
        json.put("background", false);
        json.put("error", null);
        json.put("incomplete_details", null);
        json.put("model", reply.model());
        json.putAll(asked.told());
        json.put("output", List.of());
        json.put("previous_response_id", null);
        json.put("store", false);
        json.put("truncation", "disabled");
        json.put("usage", null);
        return json;
    }

    private static Map<String, @Nullable Object> response(
            Asked asked, Reply reply, ResponseItems items, Answer answer) {
        boolean cut = answer.sequences().getFirst().finishReason() != FinishReason.STOP;
        String status = cut ? "incomplete" : "completed";
        Map<String, @Nullable Object> json = head(asked, reply, status);
        if (cut) {
            json.put("incomplete_details", Map.of("reason", "max_output_tokens"));
        }
        json.put("output", List.copyOf(items.end(status)));
        json.put("usage", usage(answer.usage()));
        json.put("fovea", Reply.more(answer));
        return json;
    }

    private static Map<String, @Nullable Object> usage(Answer.Usage usage) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("input_tokens", usage.promptTokens());
        json.put("input_tokens_details", Reply.details(usage));
        json.put("output_tokens", usage.completionTokens());
        json.put("output_tokens_details", Map.of("reasoning_tokens", 0));
        json.put("total_tokens", usage.promptTokens() + usage.completionTokens());
        return json;
    }

    private static void stream(Exchange exchange, Asked asked, Reply reply, Running running) {
        try (EventStream events = new EventStream(exchange)) {
            try {
                Answer answer = relay(asked, reply, running, new Numbered(events));
                exchange.about(reply.about(answer));
            } catch (RuntimeException e) {
                Reply.fail(exchange, events, e);
            }
        }
    }

    private static Answer relay(Asked asked, Reply reply, Running running, Numbered events) {
        AnswerReader reader = asked.reader();
        ResponseItems items = new ResponseItems(events);
        boolean begun = false;
        while (true) {
            Running.Event event = running.next(EventStream.SILENCE);
            if (event == null) {
                events.stream.comment();
                continue;
            }
            if (!begun) {
                begun = true;
                Map<String, @Nullable Object> head = head(asked, reply, "in_progress");
                events.tell("response.created", Map.of("response", head));
                events.tell("response.in_progress", Map.of("response", head));
            }
            switch (event) {
                case Running.Piece(int _, String piece, var _) -> items.add(reader.add(piece));
                case Running.Done(Answer answer) -> {
                    items.add(reader.flush());
                    Map<String, @Nullable Object> response = response(asked, reply, items, answer);
                    events.tell("response." + response.get("status"), Map.of("response", response));
                    return answer;
                }
                default -> throw new IllegalStateException("next hands on no other event");
            }
        }
    }

    /** The events of a response, numbered. */
    private static final class Numbered implements ResponseItems.Told {
        private final EventStream stream;
        private int number;

        Numbered(EventStream stream) {
            this.stream = stream;
        }

        @Override
        public void tell(String type, Map<String, ?> more) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("type", type);
            json.put("sequence_number", number++);
            json.putAll(more);
            stream.send(type, json);
        }
    }
}
