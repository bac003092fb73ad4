package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.FoveaException;
import dev.fovea.error.Warnings;
import dev.fovea.generate.GenerationConfig;
import dev.fovea.generate.Listener;
import dev.fovea.generate.LogitsProcessor;
import dev.fovea.generate.ResponseFormat;
import dev.fovea.generate.Sequence;
import dev.fovea.generate.StopRule;
import dev.fovea.generate.TokenLogprob;
import dev.fovea.hub.CachedModel;
import dev.fovea.hub.PullOptions;
import dev.fovea.hub.PullProgress;
import dev.fovea.media.DecodedImage;
import dev.fovea.media.DecodedVideo;
import dev.fovea.media.ImageSource;
import dev.fovea.media.Loader;
import dev.fovea.media.VideoMetadata;
import dev.fovea.media.VideoSource;
import dev.fovea.models.Inputs;
import dev.fovea.models.Parsed;
import dev.fovea.models.Pixels;
import dev.fovea.tensor.DType;
import dev.fovea.text.AddedToken;
import dev.fovea.text.Tokenizer;
import java.awt.image.BufferedImage;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every method and constructor that users call, given null for one argument after another, says which it was. */
class NullArgumentsTest {
    /** What users read and do not make, and interfaces that others than we implement. */
    private static final Set<Class<?>> MADE_BY_FOVEA = Set.of(
            Answer.class,
            CachedModel.class,
            PullProgress.class,
            PullProgress.FileProgress.class,
            GenerateOutput.class,
            Trace.class,
            Machine.Gpu.class,
            Machine.NoGpu.class,
            Machine.GpuLibrary.class,
            Engine.Kernels.class,
            Engine.Choice.class,
            ModelInfo.Room.class,
            Sequence.class,
            TokenLogprob.class,
            Logprob.class,
            ToolCallParser.Part.Text.class,
            ToolCallParser.Part.Call.class,
            Parsed.class,
            dev.fovea.models.Grounding.class,
            dev.fovea.models.View.class,
            Inputs.class,
            Pixels.class,
            DecodedVideo.class,
            VideoMetadata.class,
            StopRule.class,
            LogitsProcessor.class,
            Tokenizer.class,
            AddedToken.class);

    private final Map<Class<?>, Object> samples = new LinkedHashMap<>();
    private final List<String> wrong = new ArrayList<>();
    private int calls;

    @Test
    void areNamed() throws URISyntaxException {
        Path directory = Path.of(NullArgumentsTest.class
                .getResource("/oracle/qwen2_5_vl/base/checkpoint")
                .toURI());
        try (Pipeline pipe = Pipeline.imageTextToText(directory)) {
            fill(pipe, directory);
            for (Class<?> type : PublicApi.types()) {
                boolean ofEngine = type.getPackageName().equals("dev.fovea.tensor");
                boolean said = Throwable.class.isAssignableFrom(type);
                if (!ofEngine && !said) {
                    check(type);
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(calls).isGreaterThan(100);
    }

    private void fill(Pipeline pipe, Path directory) {
        DecodedImage picture = DecodedImage.of(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB));
        List<Message> messages = List.of(Message.user("Hello"));
        List.of(
                        pipe,
                        pipe.model(),
                        pipe.processor(),
                        Request.of(messages),
                        messages.getFirst(),
                        picture,
                        GenerationConfig.EMPTY,
                        GenerateOptions.DEFAULT,
                        LoadOptions.DEFAULT,
                        pipe.inputs(Request.of(messages)),
                        new VisionInfo(List.of(), List.of()),
                        new Sequence(
                                0,
                                new int[0],
                                OptionalDouble.empty(),
                                dev.fovea.generate.FinishReason.STOP,
                                new float[0]),
                        new Parsed.Text("<OCR>", "text"),
                        ModelInfo.of(directory.toString(), LoadOptions.DEFAULT),
                        "text",
                        Duration.ZERO,
                        Optional.empty(),
                        OptionalDouble.empty(),
                        new byte[0],
                        new int[0],
                        new float[0],
                        List.of(),
                        Map.of(),
                        Loader.LOAD_IMAGE,
                        ResponseFormat.Type.JSON_OBJECT,
                        ResponseFormat.jsonObject(),
                        DType.FLOAT32,
                        URI.create("file:///a.png"),
                        new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB),
                        new ImageSource[0],
                        new Content[0],
                        new String[0],
                        new LogitsProcessor[0],
                        new Object())
                .forEach(sample -> samples.put(sample.getClass(), sample));
        samples.put(Warnings.class, Warnings.none());
        samples.put(PullOptions.class, PullOptions.DEFAULT);
        samples.put(Path.class, directory);
        samples.put(Tokenizer.class, pipe.processor().tokenizer());
        samples.put(ImageSource.class, picture);
        samples.put(VideoSource.class, VideoSource.of(directory));
        samples.put(Content.class, Content.text("Hello"));
        samples.put(Listener.class, Listener.NONE);
        samples.put(StopRule.class, StopRule.NEVER);
        samples.put(BooleanSupplier.class, (BooleanSupplier) () -> true);
        samples.put(Consumer.class, (Consumer<?>) _ -> {});
        samples.put(DoubleConsumer.class, (DoubleConsumer) _ -> {});
        samples.put(BiConsumer.class, (BiConsumer<?, ?>) (_, _) -> {});
        samples.put(Inputs.class, pipe.inputs(Request.of(messages)));
        samples.put(int.class, 1);
        samples.put(long.class, 1L);
        samples.put(double.class, 1.0);
        samples.put(float.class, 1f);
        samples.put(boolean.class, true);
    }

    private void check(Class<?> type) {
        if (!Modifier.isPublic(type.getModifiers()) || MADE_BY_FOVEA.contains(type)) {
            return;
        }
        for (Constructor<?> c : type.getConstructors()) {
            check(c, null);
        }
        for (Method m : type.getDeclaredMethods()) {
            boolean callable = Modifier.isPublic(m.getModifiers()) && !m.isSynthetic() && !m.isBridge();
            boolean own = !m.getName().equals("equals")
                    && !(type.isEnum() && m.getName().equals("valueOf"));
            boolean isStatic = Modifier.isStatic(m.getModifiers());
            if (callable && own && (isStatic || sample(type) != null)) {
                check(m, isStatic ? null : sample(type));
            }
        }
        for (Class<?> nested : type.getDeclaredClasses()) {
            check(nested);
        }
    }

    private @Nullable Object sample(Class<?> type) {
        return samples.entrySet().stream()
                .filter(e -> e.getKey() == type)
                .findFirst()
                .or(() -> samples.entrySet().stream()
                        .filter(e -> type.isAssignableFrom(e.getKey()))
                        .findFirst())
                .map(Map.Entry::getValue)
                .orElse(null);
    }

    private void check(Executable executable, @Nullable Object target) {
        Parameter[] parameters = executable.getParameters();
        for (int i = 0; i < parameters.length; i++) {
            boolean nullable = parameters[i].getAnnotatedType().isAnnotationPresent(Nullable.class);
            if (parameters[i].getType().isPrimitive() || nullable) {
                continue;
            }
            Object[] arguments =
                    Arrays.stream(parameters).map(p -> sample(p.getType())).toArray();
            arguments[i] = null;
            calls++;
            String said = call(executable, target, arguments);
            if (!said.matches("(?s).*\\b" + parameters[i].getName() + "\\b.*")) {
                wrong.add(executable + " with null for " + parameters[i].getName() + ": " + said);
            }
        }
    }

    /** What a NullPointerException or FoveaException says; of any other end, what it was. */
    private static String call(Executable executable, @Nullable Object target, Object[] arguments) {
        try {
            if (executable instanceof Constructor<?> c) {
                c.newInstance(arguments);
            } else {
                ((Method) executable).invoke(target, arguments);
            }
            return "nothing";
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            boolean right = cause instanceof FoveaException || cause instanceof NullPointerException;
            return right
                    ? String.valueOf(cause.getMessage())
                    : "a " + cause.getClass().getSimpleName();
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return "cannot be called: " + e.getMessage();
        }
    }
}
