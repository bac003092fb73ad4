package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.FinishReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/chat/completions}. */
final class ChatRoute implements Handler {
    private final Service service;

    ChatRoute(Service service) {
        this.service = service;
    }

    /** A request that was understood. */
    private record Asked(Served model, Sampling sampling, Request request, boolean stream, boolean usage) {
        boolean hasTools() {
            return request.chat().tools().isPresent();
        }

        /** What ends the text of an answer. */
        StopFilter filter() {
            List<String> ends = new ArrayList<>(sampling.stops());
            if (hasTools()) {
                ends.add(Tools.BEGIN);
            }
            return new StopFilter(ends);
        }

        List<Map<String, @Nullable Object>> calls(Answer.Candidate candidate) {
            return hasTools() ? Tools.calls(candidate.text()) : List.of();
        }
    }

    @Override
    public void handle(Exchange exchange) {
        Asked asked = read(exchange, service.json(exchange));
        Reply reply = new Reply("chatcmpl-", asked.model().id());
        try (Running running = service.start(asked.model(), asked.request(), exchange)) {
            if (asked.stream()) {
                stream(exchange, asked, reply, running);
            } else {
                Answer answer = running.await();
                exchange.about(reply.about(answer));
                exchange.send(whole(asked, reply, answer));
            }
        }
    }

    private Asked read(Exchange exchange, Fields request) {
        Served model = service.model(request);
        Pipeline pipeline = model.pipeline();
        List<Message> messages =
                new ChatMessages(service.media(exchange), service.options().maxMessages()).read(request);
        Sampling sampling = Sampling.read(
                request, pipeline, service.options().maxNewTokens(), "max_completion_tokens", "max_tokens");
        Request asked = Question.of(messages, request, pipeline, sampling);
        boolean stream = request.flag("stream");
        boolean usage = wantsUsage(request);
        OpenAiKeys.check(request);
        request.done();
        return new Asked(model, sampling, asked, stream, usage);
    }

    /** Whether a stream ends with the numbers of tokens. */
    static boolean wantsUsage(Fields request) {
        return request.object("stream_options")
                .map(options -> {
                    boolean wanted = options.flag("include_usage");
                    options.withoutEffect("include_obfuscation");
                    options.done();
                    return wanted;
                })
                .orElse(false);
    }

    private static Map<String, @Nullable Object> whole(Asked asked, Reply reply, Answer answer) {
        List<Map<String, @Nullable Object>> choices = new ArrayList<>();
        for (int i = 0; i < answer.sequences().size(); i++) {
            Answer.Candidate candidate = answer.sequences().get(i);
            Map<String, @Nullable Object> message = new LinkedHashMap<>();
            message.put("role", "assistant");
            List<Map<String, @Nullable Object>> calls = asked.calls(candidate);
            message.put("content", content(asked, candidate, !calls.isEmpty()));
            message.put("refusal", null);
            if (!calls.isEmpty()) {
                calls.forEach(call -> call.remove("index")); // of streams alone
                message.put("tool_calls", calls);
            }
            Map<String, @Nullable Object> choice = new LinkedHashMap<>();
            choice.put("index", i);
            choice.put("message", message);
            choice.put("logprobs", Logprobs.json(candidate));
            choice.put("finish_reason", calls.isEmpty() ? finish(candidate.finishReason()) : "tool_calls");
            choices.add(choice);
        }
        Map<String, @Nullable Object> json = reply.head("chat.completion");
        json.put("choices", choices);
        json.put("usage", Reply.usage(answer));
        json.put("fovea", Reply.more(answer));
        return json;
    }

    /** The text of an answer; of one that calls tools only what stands before, if anything does. */
    private static @Nullable String content(Asked asked, Answer.Candidate candidate, boolean calls) {
        if (!calls) {
            return new StopFilter(asked.sampling().stops()).cut(candidate.text());
        }
        String before = asked.filter().cut(candidate.text()).strip();
        return before.isEmpty() ? null : before;
    }

    static String finish(FinishReason reason) {
        return reason == FinishReason.LENGTH ? "length" : "stop";
    }

    private static void stream(Exchange exchange, Asked asked, Reply reply, Running running) {
        Chunks chunks = new Chunks(asked, reply);
        try (EventStream events = new EventStream(exchange)) {
            try {
                Answer answer = chunks.relay(running, events);
                exchange.about(reply.about(answer));
                events.done();
            } catch (RuntimeException e) {
                Reply.fail(exchange, events, e);
            }
        }
    }

    /** The chunks of a streamed answer. */
    private static final class Chunks {
        private final Asked asked;
        private final Reply reply;
        private final List<StopFilter> filters = new ArrayList<>();

        Chunks(Asked asked, Reply reply) {
            this.asked = asked;
            this.reply = reply;
            for (int i = 0; i < asked.sampling().answers(); i++) {
                filters.add(asked.filter());
            }
        }

        /** Hands on what there is until the end. */
        Answer relay(Running running, EventStream events) {
            boolean begun = false;
            while (true) {
                Running.Event event = running.next(EventStream.SILENCE);
                if (event == null) {
                    events.comment();
                    continue;
                }
                if (!begun) {
                    begun = true;
                    for (int i = 0; i < filters.size(); i++) {
                        events.send(chunk(i, opening(), null));
                    }
                }
                switch (event) {
                    case Running.Piece(int index, String text) ->
                        delta(events, index, filters.get(index).add(text));
                    case Running.Done(Answer answer) -> {
                        end(events, answer);
                        return answer;
                    }
                    default -> throw new IllegalStateException("next hands on no other event");
                }
            }
        }

        private static Map<String, Object> opening() {
            Map<String, Object> delta = new LinkedHashMap<>();
            delta.put("role", "assistant");
            delta.put("content", "");
            return delta;
        }

        private void delta(EventStream events, int index, String text) {
            if (!text.isEmpty()) {
                events.send(chunk(index, Map.of("content", text), null));
            }
        }

        private void end(EventStream events, Answer answer) {
            for (int i = 0; i < filters.size(); i++) {
                delta(events, i, filters.get(i).flush());
                Answer.Candidate candidate = answer.sequences().get(i);
                List<Map<String, @Nullable Object>> calls = asked.calls(candidate);
                String finish = calls.isEmpty() ? finish(candidate.finishReason()) : "tool_calls";
                if (!calls.isEmpty()) {
                    events.send(chunk(i, Map.of("tool_calls", calls), null));
                } else if (asked.hasTools()) {
                    delta(events, i, unsound(candidate.text()));
                }
                if (!candidate.logprobs().isEmpty()) {
                    Map<String, @Nullable Object> told = chunk(i, Map.of("content", ""), null);
                    choiceOf(told).put("logprobs", Logprobs.json(candidate));
                    events.send(told);
                }
                Map<String, @Nullable Object> last = chunk(i, Map.of(), finish);
                if (i == filters.size() - 1) {
                    last.put("fovea", Reply.more(answer));
                }
                events.send(last);
            }
            if (asked.usage()) {
                Map<String, @Nullable Object> usage = reply.head("chat.completion.chunk");
                usage.put("choices", List.of());
                usage.put("usage", Reply.usage(answer));
                events.send(usage);
            }
        }

        @SuppressWarnings("unchecked")
        private static Map<String, @Nullable Object> choiceOf(Map<String, @Nullable Object> chunk) {
            return (Map<String, @Nullable Object>) ((List<?>) Objects.requireNonNull(chunk.get("choices"))).getFirst();
        }

        /** What was held back as the beginning of a call, and is none. */
        private String unsound(String text) {
            int begin = text.indexOf(Tools.BEGIN);
            return begin < 0 ? "" : new StopFilter(asked.sampling().stops()).cut(text.substring(begin));
        }

        private Map<String, @Nullable Object> chunk(int index, Map<String, ?> delta, @Nullable String finish) {
            Map<String, @Nullable Object> choice = new LinkedHashMap<>();
            choice.put("index", index);
            choice.put("delta", delta);
            choice.put("logprobs", null);
            choice.put("finish_reason", finish);
            Map<String, @Nullable Object> json = reply.head("chat.completion.chunk");
            json.put("choices", List.of(choice));
            if (asked.usage()) {
                json.put("usage", null);
            }
            return json;
        }
    }
}
