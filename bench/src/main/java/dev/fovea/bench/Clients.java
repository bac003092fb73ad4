package dev.fovea.bench;

import dev.fovea.Answer;
import dev.fovea.BatchOptions;
import dev.fovea.Content;
import dev.fovea.GenerateOptions;
import dev.fovea.LoadOptions;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Picture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a batched pipeline gives several clients: tokens per second of one and of many, the first token of a second question about a
 * picture, and how long running answers stand still while another's picture and prompt are read.
 *
 * <p>{@code bench/run clients MODEL [CLIENTS] [TOKENS] [WIDTH HEIGHT]}
 */
public final class Clients {
    private final Pipeline pipe;
    private final int clients;
    private final int tokens;
    private final int width;
    private final int height;
    private int pictures;

    private Clients(Pipeline pipe, int clients, int tokens, int width, int height) {
        this.pipe = pipe;
        this.clients = clients;
        this.tokens = tokens;
        this.width = width;
        this.height = height;
    }

    /** @param args model, and if they are given clients, tokens of each answer, width and height of the pictures */
    public static void main(String[] args) throws Exception {
        int[] numbers = {8, 32, 640, 480};
        for (int i = 1; i < args.length; i++) {
            numbers[i - 1] = Integer.parseInt(args[i]);
        }
        try (Pipeline pipe =
                Pipeline.of("image-text-to-text", args[0], LoadOptions.DEFAULT).batched(BatchOptions.DEFAULT)) {
            new Clients(pipe, numbers[0], numbers[1], numbers[2], numbers[3]).run();
        }
    }

    private void run() throws Exception {
        throughput();
        secondQuestions();
        standstill();
        System.out.println(pipe.batchStats().orElseThrow());
    }

    /** By turns, so that other work on the machine disturbs both alike; the first round warms up. */
    private void throughput() throws Exception {
        double[] one = new double[3];
        double[] many = new double[3];
        for (int round = 0; round < one.length; round++) {
            int length = round == 0 ? Math.min(tokens, 4) : tokens;
            one[round] = rate(1, length);
            many[round] = rate(clients, length);
        }
        double alone = median(one);
        double together = median(many);
        System.out.printf(
                Locale.ROOT,
                "%d tokens each: 1 client %.2f tokens/s, %d clients %.2f tokens/s, %.2f times%n",
                tokens,
                alone,
                clients,
                together,
                together / alone);
    }

    /** Tokens per second of so many at once, prompts included. */
    private double rate(int threads, int length) throws Exception {
        long start = System.nanoTime();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> answers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Request request = question("Count to " + (100 + i) + ".", List.of(), length);
                answers.add(callers.submit(() -> pipe.answer(request)));
            }
            for (Future<Answer> answer : answers) {
                answer.get();
            }
        }
        return threads * length / ((System.nanoTime() - start) / 1e9);
    }

    private void secondQuestions() {
        double[] first = new double[3];
        double[] second = new double[3];
        for (int round = 0; round < first.length; round++) {
            ImageSource picture = picture();
            first[round] = firstToken(question("What is in the picture?", List.of(picture), 1));
            second[round] = firstToken(question("Which colour has the sky?", List.of(picture), 1));
        }
        System.out.printf(
                Locale.ROOT,
                "picture of %d x %d: first token after %.3f s, of a second question after %.3f s, %.3f of it%n",
                width,
                height,
                median(first),
                median(second),
                median(second) / median(first));
    }

    private double firstToken(Request request) {
        long start = System.nanoTime();
        pipe.answer(request);
        return (System.nanoTime() - start) / 1e9;
    }

    /** Half of the clients write while one more asks about a picture. */
    private void standstill() throws Exception {
        List<Double> gaps = new ArrayList<>();
        AtomicBoolean over = new AtomicBoolean();
        List<Future<Answer>> writing = new ArrayList<>();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < clients / 2; i++) {
                Request request = question("Count on from " + i + ".", List.of(), 2000);
                Gaps heard = new Gaps(gaps);
                writing.add(callers.submit(() -> pipe.answer(
                        request, GenerateOptions.DEFAULT.withListener(heard).withCancelled(over::get))));
            }
            Thread.sleep(3000);
            double before = flush(gaps);
            double asked = firstToken(question("What is in the picture?", List.of(picture()), 1));
            double during = flush(gaps);
            over.set(true);
            for (Future<Answer> answer : writing) {
                answer.get();
            }
            System.out.printf(
                    Locale.ROOT,
                    "%d answers run, longest gap between tokens %.3f s; while a picture is asked about, which takes %.3f s, %.3f s%n",
                    clients / 2,
                    before,
                    asked,
                    during);
        }
    }

    private static double flush(List<Double> gaps) {
        synchronized (gaps) {
            double longest = gaps.stream().mapToDouble(d -> d).max().orElse(Double.NaN);
            gaps.clear();
            return longest;
        }
    }

    private static final class Gaps implements Listener {
        private final List<Double> gaps;
        private long last;

        Gaps(List<Double> gaps) {
            this.gaps = gaps;
        }

        @Override
        public void token(int index, int token) {
            long now = System.nanoTime();
            synchronized (gaps) {
                if (last != 0) {
                    gaps.add((now - last) / 1e9);
                }
            }
            last = now;
        }
    }

    private static Request question(String text, List<ImageSource> images, int tokens) {
        List<Content> content = new ArrayList<>();
        images.forEach(i -> content.add(Content.image(i)));
        content.add(Content.text(text));
        GenerationConfig exactly =
                GenerationConfig.maxNewTokens(tokens).withEosTokenId().withDoSample(false);
        return Request.of(List.of(Message.user(content.toArray(Content[]::new))), exactly);
    }

    /** Noise, another one each time. */
    private ImageSource picture() {
        byte[] rgb = new byte[3 * width * height];
        new Random(pictures++).nextBytes(rgb);
        return DecodedImage.of(new Picture(width, height, rgb));
    }

    private static double median(double[] values) {
        double[] warm = Arrays.copyOfRange(values, 1, values.length);
        Arrays.sort(warm);
        return warm[warm.length / 2];
    }
}
