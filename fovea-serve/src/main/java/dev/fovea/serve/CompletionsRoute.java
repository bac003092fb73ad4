package dev.fovea.serve;

import dev.fovea.Answer;
import dev.fovea.Logprob;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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
        try (Answers answers = new Answers()) {
            for (String prompt : asked.prompts()) {
                answers.add(start(exchange, asked, prompt));
            }
            if (asked.stream()) {
                stream(exchange, asked, reply, answers.all);
            } else {
                whole(exchange, asked, reply, answers.all);
            }
        }
    }

    /** Those to all prompts, which are made at once. */
    private static final class Answers implements AutoCloseable {
        private final List<Running> all = new ArrayList<>();

        void add(Running running) {
            all.add(running);
        }

        @Override
        public void close() {
            all.forEach(Running::close);
        }
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
        OptionalInt logprobs = request.integer("logprobs", 0, Sampling.MOST_LOGPROBS);
        Sampling sampling = Sampling.read(request, pipeline, service.options().maxNewTokens(), "max_tokens")
                .telling(logprobs);
        request.only("best_of", 1L, "every answer is given back; ask for n");
        request.refuse("models here write on, and fill in nothing", "suffix");
        boolean echo = request.flag("echo");
        if (echo && logprobs.isPresent()) {
            throw Problem.unsupported("logprobs", "logprobs are told of answers, not of prompts; leave echo out");
        }
        boolean stream = request.flag("stream");
        boolean usage = ChatRoute.wantsUsage(request, stream);
        OpenAiKeys.check(request);
        request.done();
        return new Asked(model, sampling, prompts, echo, stream, usage);
    }

    private Running start(Exchange exchange, Asked asked, String prompt) {
        Request request = Request.of(prompt).withGenerate(asked.sampling().config());
        return service.start(asked.model(), request, exchange);
    }

    private static void whole(Exchange exchange, Asked asked, Reply reply, List<Running> answers) {
        List<Map<String, @Nullable Object>> choices = new ArrayList<>();
        Usage usage = new Usage();
        for (int p = 0; p < answers.size(); p++) {
            Answer answer = answers.get(p).await();
            usage.add(answer);
            for (int i = 0; i < answer.sequences().size(); i++) {
                Answer.Candidate candidate = answer.sequences().get(i);
                String text = new StopFilter(asked.sampling().stops()).cut(candidate.text());
                choices.add(choice(
                        asked.place(p, i),
                        (asked.echo() ? asked.prompts().get(p) : "") + text,
                        Logprobs.ofCompletion(candidate.logprobs(), 0),
                        ChatRoute.finish(candidate.finishReason())));
            }
        }
        exchange.about(usage.about(reply));
        Map<String, @Nullable Object> json = reply.head("text_completion");
        json.put("choices", choices);
        json.put("usage", usage.json());
        exchange.send(json);
    }

    private static void stream(Exchange exchange, Asked asked, Reply reply, List<Running> answers) {
        try (EventStream events = new EventStream(exchange)) {
            try {
                Usage usage = new Usage();
                for (int p = 0; p < answers.size(); p++) {
                    usage.add(relay(answers.get(p), events, asked, reply, p));
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
        List<Texts> texts = new ArrayList<>();
        for (int i = 0; i < asked.sampling().answers(); i++) {
            texts.add(new Texts(asked, reply, asked.place(prompt, i)));
            if (asked.echo()) {
                events.send(texts.getLast().chunk(asked.prompts().get(prompt), null));
            }
        }
        while (true) {
            switch (running.next(EventStream.SILENCE)) {
                case null -> events.comment();
                case Running.Piece(int index, String piece, List<Logprob> likely) -> {
                    Texts own = texts.get(index);
                    own.logprobs.addAll(likely);
                    String text = own.filter.add(piece);
                    if (!text.isEmpty()) {
                        events.send(own.chunk(text, null));
                    }
                }
                case Running.Done(Answer answer) -> {
                    for (int i = 0; i < texts.size(); i++) {
                        String finish =
                                ChatRoute.finish(answer.sequences().get(i).finishReason());
                        events.send(texts.get(i).chunk(texts.get(i).filter.flush(), finish));
                    }
                    return answer;
                }
                default -> throw new IllegalStateException("next hands on no other event");
            }
        }
    }

    /** One streamed answer. */
    private static final class Texts {
        private final Reply reply;
        private final int place;
        private final StopFilter filter;
        private final List<Logprob> logprobs = new ArrayList<>(); // that wait for a text
        private int offset;

        Texts(Asked asked, Reply reply, int place) {
            this.reply = reply;
            this.place = place;
            filter = new StopFilter(asked.sampling().stops());
        }

        Map<String, @Nullable Object> chunk(String text, @Nullable String finish) {
            Map<String, @Nullable Object> json = reply.head("text_completion");
            json.put("choices", List.of(choice(place, text, Logprobs.ofCompletion(logprobs, offset), finish)));
            offset += logprobs.stream().mapToInt(l -> l.token().length()).sum();
            logprobs.clear();
            return json;
        }
    }

    private static Map<String, @Nullable Object> choice(
            int index, String text, @Nullable Map<String, ?> logprobs, @Nullable String finish) {
        Map<String, @Nullable Object> choice = new LinkedHashMap<>();
        choice.put("text", text);
        choice.put("index", index);
        choice.put("logprobs", logprobs);
        choice.put("finish_reason", finish);
        return choice;
    }

    /** Tokens of all prompts. */
    private static final class Usage {
        private int prompt;
        private int cached;
        private int completion;

        void add(Answer answer) {
            prompt += answer.usage().promptTokens();
            cached += answer.usage().cachedTokens();
            completion += answer.usage().completionTokens();
        }

        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("prompt_tokens", prompt);
            json.put("completion_tokens", completion);
            json.put("total_tokens", prompt + completion);
            json.put("prompt_tokens_details", Map.of("cached_tokens", cached));
            return json;
        }

        String about(Reply reply) {
            return "model=" + reply.model() + " prompt=" + prompt + " cached=" + cached + " completion=" + completion;
        }
    }
}
