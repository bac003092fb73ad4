package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Logprob;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.ToolCall;
import dev.fovea.ToolCallParser.Part;
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
    private record Asked(Served model, Sampling sampling, Request request, Tools tools, boolean stream, boolean usage) {
        AnswerReader reader() {
            return AnswerReader.of(tools, sampling.stops(), model.pipeline().processor());
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
                        request, pipeline, service.options().maxNewTokens(), "max_completion_tokens", "max_tokens")
                .telling(Sampling.logprobs(request));
        Tools tools = Tools.read(request, messages, pipeline.processor());
        Request asked = Question.of(messages, request, pipeline, sampling, tools);
        boolean stream = request.flag("stream");
        boolean usage = wantsUsage(request, stream);
        OpenAiKeys.check(request);
        request.done();
        return new Asked(model, sampling, asked, tools, stream, usage);
    }

    /** Whether a stream ends with the numbers of tokens. */
    static boolean wantsUsage(Fields request, boolean stream) {
        return request.object("stream_options")
                .map(options -> {
                    if (!stream) {
                        throw Problem.of("stream_options", "stream_options is given, and stream is not true");
                    }
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
            StringBuilder text = new StringBuilder();
            List<Map<String, @Nullable Object>> calls = new ArrayList<>();
            for (Part part : asked.reader().read(candidate)) {
                switch (part) {
                    case Part.Text(String piece) -> text.append(piece);
                    case Part.Call(ToolCall call) -> calls.add(Tools.json(call));
                }
            }
            message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text.toString());
            message.put("refusal", null);
            if (!calls.isEmpty()) {
                message.put("tool_calls", calls);
            }
            Map<String, @Nullable Object> choice = new LinkedHashMap<>();
            choice.put("index", i);
            choice.put("message", message);
            choice.put("logprobs", Logprobs.ofChat(candidate.logprobs()));
            choice.put("finish_reason", calls.isEmpty() ? finish(candidate.finishReason()) : "tool_calls");
            choices.add(choice);
        }
        Map<String, @Nullable Object> json = reply.head("chat.completion");
        json.put("choices", choices);
        json.put("usage", Reply.usage(answer));
        json.put("fovea", Reply.more(answer));
        return json;
    }

    static String finish(FinishReason reason) {
        return reason == FinishReason.STOP ? "stop" : "length";
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
        private final List<AnswerReader> readers = new ArrayList<>();
        private final List<List<Logprob>> logprobs = new ArrayList<>(); // that wait for a text
        private final int[] calls; // told, of each answer

        Chunks(Asked asked, Reply reply) {
            this.asked = asked;
            this.reply = reply;
            calls = new int[asked.sampling().answers()];
            for (int i = 0; i < calls.length; i++) {
                readers.add(asked.reader());
                logprobs.add(new ArrayList<>());
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
                    for (int i = 0; i < readers.size(); i++) {
                        events.send(chunk(i, opening(), null));
                    }
                }
                switch (event) {
                    case Running.Piece(int index, String text, List<Logprob> likely) -> {
                        logprobs.get(index).addAll(likely);
                        tell(events, index, readers.get(index).add(text));
                    }
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

        private void tell(EventStream events, int index, List<Part> parts) {
            for (Part part : parts) {
                switch (part) {
                    case Part.Text(String text) -> tell(events, index, text);
                    case Part.Call(ToolCall call) -> {
                        Map<String, @Nullable Object> json = Tools.json(call);
                        json.put("index", calls[index]++);
                        events.send(chunk(index, Map.of("tool_calls", List.of(json)), null));
                    }
                }
            }
        }

        private void tell(EventStream events, int index, String text) {
            Map<String, @Nullable Object> chunk = chunk(index, Map.of("content", text), null);
            choiceOf(chunk).put("logprobs", Logprobs.ofChat(logprobs.get(index)));
            logprobs.get(index).clear();
            events.send(chunk);
        }

        private void end(EventStream events, Answer answer) {
            for (int i = 0; i < readers.size(); i++) {
                tell(events, i, readers.get(i).flush());
                Answer.Candidate candidate = answer.sequences().get(i);
                String finish = calls[i] == 0 ? finish(candidate.finishReason()) : "tool_calls";
                if (!logprobs.get(i).isEmpty()) {
                    tell(events, i, "");
                }
                Map<String, @Nullable Object> last = chunk(i, Map.of(), finish);
                if (i == readers.size() - 1) {
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
