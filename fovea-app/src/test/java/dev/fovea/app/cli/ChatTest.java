package dev.fovea.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.Content;
import dev.fovea.Message;
import dev.fovea.Pipeline;
import dev.fovea.Request;
import dev.fovea.error.InputException;
import dev.fovea.error.OptionException;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each line of a conversation does, with somebody at the terminal whose keys are written down beforehand. */
class ChatTest {
    private static final Typed CTRL_C = new Typed.Interrupt("");
    private static final GenerationConfig GREEDY =
            GenerationConfig.of(Map.of("do_sample", false, "max_new_tokens", 12), "test");

    private static Pipeline pipe;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        pipe = Pipeline.imageTextToText(Shell.MODEL);
    }

    @AfterAll
    static void close() {
        pipe.close();
    }

    @Test
    void aTurnSeesWhatWasSaidBefore() {
        Talk talk = new Talk("Hello", "And now?");
        List<Message> messages = List.of(Message.user("Hello"));
        String first = answer(messages);
        String second = answer(List.of(Message.user("Hello"), Message.assistant(first), Message.user("And now?")));
        assertThat(talk.out()).isEqualTo(first + "\n" + second + "\n");
    }

    @Test
    void picturesGoWithTheNextMessageAndStayInTheTalk() throws IOException {
        Path picture = Files.copy(Path.of(Shell.PICTURE), folder.resolve("my odd 'picture'.png"));
        Talk talk = new Talk();
        talk.types("/image '" + Shell.PICTURE + "' " + Words.escaped(picture.toString()), "What is it?");
        talk.does(() -> delete(picture));
        talk.types("Sure?");
        Message question =
                Message.user(Content.image(Shell.PICTURE), Content.image(Shell.PICTURE), Content.text("What is it?"));
        String first = answer(List.of(question));
        String second = answer(List.of(question, Message.assistant(first), Message.user("Sure?")));
        assertThat(talk.out()).as("though the file is gone").isEqualTo(first + "\n" + second + "\n");
        assertThat(talk.prompts).containsExactly("> ", "2 pictures > ", "> ", "> ");
    }

    @Test
    void aPictureThatCannotBeReadChangesNothing() {
        Talk talk = new Talk("/image " + Shell.PICTURE, "/image lost.png", "What is it?");
        assertThat(talk.out())
                .isEqualTo(answer(List.of(Message.user(Content.image(Shell.PICTURE), Content.text("What is it?"))))
                        + "\n");
        assertThat(talk.err()).startsWith("fovea: cannot read ").contains("lost.png: there is no such file");
        assertThat(talk.prompts).containsExactly("> ", "1 picture > ", "1 picture > ", "> ");
    }

    @Test
    void clipsGoWithTheNextMessageAndStayInTheTalk() throws IOException {
        Path clip = Files.createDirectory(folder.resolve("clip"));
        Path frame = Files.copy(Path.of(Shell.PICTURE), clip.resolve("1.png"));
        Files.copy(frame, clip.resolve("2.png"));
        Path saved = folder.resolve("talk.json");
        Talk talk = new Talk();
        talk.types("/video " + clip, "/image " + Shell.PICTURE, "What is it?", "/save " + saved, "Sure?");
        Message question = Message.user(Content.video(clip), Content.image(Shell.PICTURE), Content.text("What is it?"));
        String first = answer(List.of(question));
        String second = answer(List.of(question, Message.assistant(first), Message.user("Sure?")));
        assertThat(talk.out()).isEqualTo(first + "\n" + second + "\n");
        assertThat(talk.prompts).containsExactly("> ", "1 clip > ", "1 picture 1 clip > ", "> ", "> ", "> ");
        assertThat(saved).content().contains("\"video\": [\"" + frame);
        assertThat(new Talk("/video lost").err()).contains("lost: there is no such file");
    }

    @Test
    void picturesCanBeTakenBack() {
        Talk talk = new Talk("/image " + Shell.PICTURE, "/image", "Hello");
        assertThat(talk.out()).isEqualTo(answer(List.of(Message.user("Hello"))) + "\n");
    }

    @Test
    void theSystemPromptHoldsFromNowOn() {
        Talk talk = new Talk("/system Be brief.", "Hello", "/reset", "Hello", "/system", "/reset", "Hello");
        String told = answer(List.of(Message.system("Be brief."), Message.user("Hello")));
        String untold = answer(List.of(Message.user("Hello")));
        assertThat(told).isNotEqualTo(untold);
        assertThat(talk.out()).isEqualTo(told + "\n" + told + "\n" + untold + "\n");
    }

    @Test
    void retryAsksTheLastMessageAgain() {
        Talk talk = new Talk("One", "Two", "/retry");
        String first = answer(List.of(Message.user("One")));
        String second = answer(List.of(Message.user("One"), Message.assistant(first), Message.user("Two")));
        assertThat(talk.out()).isEqualTo(first + "\n" + second + "\n" + second + "\n");
        assertThat(new Talk("/retry").err()).contains("there is none");
    }

    @Test
    void aStoppedAnswerStaysInTheTalkAsFarAsItCame() throws IOException {
        Path saved = folder.resolve("talk.json");
        Talk talk = new Talk();
        talk.types("Hello");
        talk.stopsAfter(3);
        talk.types("/save " + saved);
        String whole = answer(List.of(Message.user("Hello")));
        String part = talk.out().strip();
        assertThat(whole.strip()).startsWith(part).isNotEqualTo(part);
        assertThat(part).isNotEmpty();
        assertThat(talk.err()).contains("3 tokens · ", " · stopped\n");
        List<Message> kept = Message.parse(Json.parse(saved), folder);
        assertThat(kept).extracting(Message::role).containsExactly("user", "assistant");
        assertThat(kept.getLast().text())
                .isEqualTo(talk.out().substring(0, talk.out().length() - 1));
    }

    @Test
    void aMessageStoppedBeforeTheFirstWordIsNotLost() {
        Talk talk = new Talk();
        talk.types("/image " + Shell.PICTURE, "What is it?");
        talk.stopsAfter(0);
        talk.types("/retry");
        talk.stopsAfter(Integer.MAX_VALUE);
        assertThat(talk.out())
                .isEqualTo("\n"
                        + answer(List.of(Message.user(Content.image(Shell.PICTURE), Content.text("What is it?"))))
                        + "\n");
        assertThat(talk.err()).contains("/retry asks again");
        assertThat(talk.prompts).containsExactly("> ", "1 picture > ", "1 picture > ", "> ");
    }

    @Test
    void anAnswerCountsUntilRetryHasAnother() {
        Talk talk = new Talk();
        talk.types("One", "/retry");
        talk.stopsAfter(0);
        talk.types("Two");
        talk.stopsAfter(Integer.MAX_VALUE);
        String first = answer(List.of(Message.user("One")));
        String second = answer(List.of(Message.user("One"), Message.assistant(first), Message.user("Two")));
        assertThat(talk.out()).isEqualTo(first + "\n\n" + second + "\n");
    }

    @Test
    void ctrlCAtTwoEmptyPromptsSaysHowToLeave() {
        assertThat(new Talk()
                        .does(CTRL_C, new Typed.Interrupt("half a"), CTRL_C)
                        .err())
                .isEmpty();
        assertThat(new Talk().does(CTRL_C, CTRL_C).err()).isEqualTo("/exit or Ctrl-D leaves\n");
    }

    @Test
    void exitLeaves() {
        assertThat(new Talk("/exit", "Hello").out()).isEmpty();
    }

    @Test
    void aTalkThatIsTooLongSaysReset() {
        String tooLong = "word ".repeat(5000);
        Talk talk = new Talk("Hello", tooLong, "/reset", "Hello");
        String hello = answer(List.of(Message.user("Hello")));
        assertThat(talk.out()).isEqualTo(hello + "\n" + hello + "\n");
        assertThat(talk.err()).contains("positions", "/retry sends the message again, /reset forgets what was said\n");
    }

    @Test
    void unknownCommandsNameTheNearest() {
        assertThat(new Talk("/imge x").err()).contains("unknown command /imge; did you mean /image?");
        assertThat(new Talk("/re").err()).contains("did you mean /reset or /retry?");
        assertThat(new Talk("/xylophone").err())
                .contains("unknown command /xylophone; /help")
                .containsOnlyOnce("\n");
        assertThat(new Talk("/help").err()).contains("/image FILE...", "/exit");
    }

    @Test
    void aPathOrFencedTextIsAMessage() {
        assertThat(new Talk("/usr/bin is what?").out())
                .isEqualTo(answer(List.of(Message.user("/usr/bin is what?"))) + "\n");
        assertThat(new Talk("\"\"\"\n/reset\n\"\"\"").out()).isEqualTo(answer(List.of(Message.user("/reset"))) + "\n");
        assertThat(new Talk("", "  ").out()).isEmpty();
    }

    @Test
    void whatIsSavedGoesOn() throws IOException {
        Path saved = folder.resolve("talk.json");
        Talk before = new Talk("/system Be brief.", "/image " + Shell.PICTURE, "What is it?", "/save " + saved);
        String first = before.out().substring(0, before.out().length() - 1);
        Talk after = new Talk(Message.parse(Json.parse(saved), folder));
        after.types("Sure?");
        assertThat(after.out())
                .isEqualTo(answer(List.of(
                                Message.system("Be brief."),
                                Message.user(Content.image(Shell.PICTURE), Content.text("What is it?")),
                                Message.assistant(first),
                                Message.user("Sure?")))
                        + "\n");
        assertThat(new Talk("/save " + saved).err())
                .as("nothing is overwritten")
                .contains("exists");
        assertThat(new Talk("/save " + folder.resolve("no/talk.json")).err()).contains("cannot write");
    }

    @Test
    void aTalkThatBeginsWithAQuestionIsAnsweredAtOnce() {
        assertThat(new Talk(List.of(Message.user("Hello"))).out())
                .isEqualTo(answer(List.of(Message.user("Hello"))) + "\n");
    }

    @Test
    void figuresFollowEachAnswer() {
        assertThat(new Talk("Hello").err())
                .matches(
                        "12 tokens · [\\d.]+ tokens/s · first token [\\d.]+ s · cut off; --max-new-tokens allows more\n");
    }

    @Test
    void whatMakesNoConversationIsRefused() {
        GenerationConfig two = GenerationConfig.of(Map.of("num_return_sequences", 2, "do_sample", true), "test");
        assertThatThrownBy(() -> chat(Request.of(List.of(), two), console(new ByteArrayOutputStream())))
                .isInstanceOf(OptionException.class)
                .hasMessageContaining("one answer");
        List<Message> lost = List.of(Message.user(Content.image(folder.resolve("lost.png"))));
        assertThatThrownBy(() -> chat(Request.of(lost, GREEDY), console(new ByteArrayOutputStream())))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("lost.png");
    }

    /** What the model says to messages by itself. */
    private static String answer(List<Message> messages) {
        return pipe.generate(messages, GREEDY).text();
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Chat chat(Request settings, Console console) {
        return new Chat(pipe, settings, Map.of(), Map.of(), console, new OutputOptions());
    }

    private static Console console(ByteArrayOutputStream all) {
        Output stream = new Output(all);
        return new Console(InputStream.nullInputStream(), stream, stream, true, false, false);
    }

    /** A script of keys, and what they led to. */
    private static final class Talk implements Prompter {
        final List<String> prompts = new ArrayList<>();
        private final List<Message> beginning;
        private final List<Object> script = new ArrayList<>();
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private int patience = Integer.MAX_VALUE;
        private Runnable stop = () -> {};
        private boolean over;

        Talk(String... lines) {
            this(List.of());
            types(lines);
        }

        Talk(List<Message> beginning) {
            this.beginning = beginning;
        }

        void types(String... lines) {
            List.of(lines).forEach(line -> script.add(new Typed.Entry(line)));
        }

        Talk does(Typed... typed) {
            script.addAll(List.of(typed));
            return this;
        }

        void does(Runnable between) {
            script.add(between);
        }

        /** Presses Ctrl-C at the entry before when so many pieces of the answer were printed. */
        void stopsAfter(int pieces) {
            script.add(script.size() - 1, (Runnable) () -> patience = pieces);
        }

        String out() {
            run();
            return out.toString(StandardCharsets.UTF_8);
        }

        String err() {
            run();
            return err.toString(StandardCharsets.UTF_8);
        }

        private void run() {
            if (!over) {
                over = true;
                Output answers = new Output(out) {
                    @Override
                    public void print(String piece) {
                        super.print(piece);
                        if (--patience == 0) {
                            stop.run();
                        }
                    }
                };
                Output notes = new Output(err);
                chat(
                                Request.of(beginning, GREEDY),
                                new Console(InputStream.nullInputStream(), answers, notes, true, false, false))
                        .run(this);
            }
        }

        @Override
        public Typed read(String prompt) {
            while (!script.isEmpty() && script.getFirst() instanceof Runnable between) {
                between.run();
                script.removeFirst();
            }
            prompts.add(prompt);
            return script.isEmpty() ? new Typed.End() : (Typed) script.removeFirst();
        }

        @Override
        public void interruptibly(Runnable action, Runnable pressed) {
            stop = pressed;
            if (patience == 0) {
                pressed.run();
            }
            action.run();
        }

        @Override
        public void close() {}
    }
}
