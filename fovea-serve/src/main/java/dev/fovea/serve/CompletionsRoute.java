package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/completions}: raw prompts, which go through no chat template, control tokens in them included. */
final class CompletionsRoute implements Handler {
    private static final int MOST_PROMPTS = 16;

    private final Service service;

    CompletionsRoute(Service service) {
        this.service = service;
    }

    private record Asked(
            Served model, Sampling sampling, List<String> prompts, boolean echo, boolean stream, boolean usage) {
        int place(int prompt, int answer) {
            return prompt * sampling.answers() + answer;
        }
    }

    @Override
    public void handle(Exchange exchange) {
        Asked asked = read(service.json(exchange));
        Reply reply = new Reply("cmpl-", asked.model().id());
        if (asked.stream()) {
            stream(exchange, asked, reply);
            return;
        }
        List<Map<String, @Nullable Object>> choices = new ArrayList<>();
        Usage usage = new Usage();
        for (int p = 0; p < asked.prompts().size(); p++) {
            try (Running running = start(exchange, asked, p)) {
                Answer answer = running.await();
                usage.add(answer);
                for (int i = 0; i < answer.sequences().size(); i++) {
                    Answer.Candidate candidate = answer.sequences().get(i);
                    String text = new StopFilter(asked.sampling().stops()).cut(candidate.text());
                    choices.add(choice(
                            asked.place(p, i),
                            (asked.echo() ? asked.prompts().get(p) : "") + text,
                            ChatRoute.finish(candidate.finishReason())));
                }
            }
        }
        exchange.about(usage.about(reply));
        Map<String, @Nullable Object> json = reply.head("text_completion");
        json.put("choices", choices);
        json.put("usage", usage.json());
        exchange.send(json);
    }

    private Asked read(Fields request) {
        Served model = service.model(request);
        Pipeline pipeline = model.pipeline();
        if (!request.has("prompt")) {
            throw request.missing("prompt");
        }
        List<String> prompts = request.strings("prompt", MOST_PROMPTS);
        if (prompts.isEmpty()) {
            throw Problem.of("prompt", "prompt is empty; expected a text, or an array of texts");
        }
        Sampling sampling = Sampling.read(request, pipeline, service.options().maxNewTokens(), "max_tokens");
        request.only("best_of", 1L, "every answer is given back; ask for n");
        request.refuse("models here write on, and fill in nothing", "suffix");
        request.refuse("answers of chats have them", "logprobs");
        boolean echo = request.flag("echo");
        boolean stream = request.flag("stream");
        boolean usage = ChatRoute.wantsUsage(request);
        OpenAiKeys.check(request);
        request.done();
        return new Asked(model, sampling, prompts, echo, stream, usage);
    }

    private Running start(Exchange exchange, Asked asked, int prompt) {
        Request request = Request.of(asked.prompts().get(prompt))
                .withGenerate(asked.sampling().config());
        return service.start(asked.model(), request, exchange);
    }

    private void stream(Exchange exchange, Asked asked, Reply reply) {
        try (EventStream events = new EventStream(exchange)) {
            try {
                Usage usage = new Usage();
                for (int p = 0; p < asked.prompts().size(); p++) {
                    try (Running running = start(exchange, asked, p)) {
                        usage.add(relay(running, events, asked, reply, p));
                    }
                }
                if (asked.usage()) {
                    Map<String, @Nullable Object> last = reply.head("text_completion");
                    last.put("choices", List.of());
                    last.put("usage", usage.json());
                    events.send(last);
                }
                exchange.about(usage.about(reply));
                events.done();
            } catch (RuntimeException e) {
                Reply.fail(exchange, events, e);
            }
        }
    }

    private static Answer relay(Running running, EventStream events, Asked asked, Reply reply, int prompt) {
        StopFilter[] filters = new StopFilter[asked.sampling().answers()];
        for (int i = 0; i < filters.length; i++) {
            filters[i] = new StopFilter(asked.sampling().stops());
            if (asked.echo()) {
                events.send(chunk(reply, asked.place(prompt, i), asked.prompts().get(prompt), null));
            }
        }
        while (true) {
            switch (running.next(EventStream.SILENCE)) {
                case null -> events.comment();
                case Running.Piece(int index, String piece) -> {
                    String text = filters[index].add(piece);
                    if (!text.isEmpty()) {
                        events.send(chunk(reply, asked.place(prompt, index), text, null));
                    }
                }
                case Running.Done(Answer answer) -> {
                    for (int i = 0; i < filters.length; i++) {
                        String finish =
                                ChatRoute.finish(answer.sequences().get(i).finishReason());
                        events.send(chunk(reply, asked.place(prompt, i), filters[i].flush(), finish));
                    }
                    return answer;
                }
                default -> throw new IllegalStateException("next hands on no other event");
            }
        }
    }

    private static Map<String, @Nullable Object> chunk(Reply reply, int index, String text, @Nullable String finish) {
        Map<String, @Nullable Object> json = reply.head("text_completion");
        json.put("choices", List.of(choice(index, text, finish)));
        return json;
    }

    private static Map<String, @Nullable Object> choice(int index, String text, @Nullable String finish) {
        Map<String, @Nullable Object> choice = new LinkedHashMap<>();
        choice.put("text", text);
        choice.put("index", index);
        choice.put("logprobs", null);
        choice.put("finish_reason", finish);
        return choice;
    }

    /** Tokens of all prompts. */
    private static final class Usage {
        private int prompt;
        private int completion;

        void add(Answer answer) {
            prompt += answer.usage().promptTokens();
            completion += answer.usage().completionTokens();
        }

        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("prompt_tokens", prompt);
            json.put("completion_tokens", completion);
            json.put("total_tokens", prompt + completion);
            return json;
        }

        String about(Reply reply) {
            return "model=" + reply.model() + " prompt=" + prompt + " completion=" + completion;
        }
    }
}
