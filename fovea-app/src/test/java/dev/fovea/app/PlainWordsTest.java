package dev.fovea.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.error.FoveaException;
import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No message quotes an exception of Java: its text or class name goes into no other text. Read from the compiled classes. */
class PlainWordsTest {
    /** Who may look at an exception's text, and for what. */
    private static final Map<String, String> MAY_LOOK = Map.of(
            "dev.fovea.error.Reason", "says in plain words what it means",
            "dev.fovea.text.bpe.TextSteps", "says what a regular expression has that is not known",
            "dev.fovea.media.Download", "tells a picture that is too long from a connection that broke",
            "dev.fovea.media.Webp", "tells libwebp's out of memory from Java's",
            "dev.fovea.io.MappedFile", "tells a lost mapping from other internal errors",
            "dev.fovea.app.cli.Output", "tells a closed pipe from a full disk",
            "dev.fovea.app.cli.ExitStatus", "tells a lost mapping from other internal errors",
            "dev.fovea.app.cli.Cli", "the option parser's messages are for users");

    private static final Set<String> TEXTS = Set.of("getMessage", "getLocalizedMessage", "toString");

    @Test
    void noMessageQuotesAnExceptionOfJava() throws IOException, URISyntaxException {
        List<String> quotes = new ArrayList<>();
        List<ClassModel> classes = new ArrayList<>(classesBeside(FoveaException.class));
        classes.addAll(classesBeside(Main.class));
        assertThat(classes).hasSizeGreaterThan(300);
        classes.stream()
                .filter(c -> !MAY_LOOK.containsKey(name(c).replaceAll("\\$.*", "")))
                .forEach(c -> quotes.addAll(quotes(c)));
        assertThat(quotes).isEmpty();
    }

    @Test
    void findsWhatIsQuoted() throws IOException {
        String file = "/" + Offender.class.getName().replace('.', '/') + ".class";
        byte[] bytes;
        try (var in = PlainWordsTest.class.getResourceAsStream(file)) {
            bytes = java.util.Objects.requireNonNull(in).readAllBytes();
        }
        assertThat(quotes(ClassFile.of().parse(bytes))).hasSize(5).noneMatch(m -> m.endsWith("fine"));
    }

    private static List<ClassModel> classesBeside(Class<?> type) throws IOException, URISyntaxException {
        URI place = type.getProtectionDomain().getCodeSource().getLocation().toURI();
        if (Files.isDirectory(Path.of(place))) {
            return classes(Path.of(place));
        }
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(place))) {
            return classes(jar.getPath("/"));
        }
    }

    private static List<ClassModel> classes(Path root) throws IOException {
        List<ClassModel> classes = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(f ->
                            f.toString().endsWith(".class") && !f.toString().endsWith("-info.class"))
                    .toList()) {
                classes.add(ClassFile.of().parse(Files.readAllBytes(file)));
            }
        }
        return classes;
    }

    private static List<String> quotes(ClassModel type) {
        List<String> quotes = new ArrayList<>();
        type.methods()
                .forEach(method -> method.findAttribute(Attributes.code()).ifPresent(code -> {
                    if (quotes(code)) {
                        quotes.add(name(type) + "." + method.methodName().stringValue());
                    }
                }));
        return quotes;
    }

    private static boolean quotes(CodeAttribute code) {
        List<LocalVariable> variables = new ArrayList<>();
        List<Instruction> instructions = new ArrayList<>();
        code.forEach(element -> {
            switch (element) {
                case LocalVariable variable -> variables.add(variable);
                case Instruction instruction -> instructions.add(instruction);
                default -> {}
            }
        });
        int bci = 0;
        for (int i = 0; i < instructions.size(); i++) {
            if (instructions.get(i) instanceof InvokeInstruction call
                    && (isText(call) && !isMatchFailure(instructions, i)
                            || isTurnedToText(call) && is(type(instructions.get(i - 1), bci, variables, code)))) {
                return true;
            }
            bci += instructions.get(i).sizeInBytes();
        }
        return false;
    }

    private static boolean isText(InvokeInstruction call) {
        String method = call.name().stringValue();
        boolean ours = method.equals("getMessage") && isA(call.owner().asSymbol(), FoveaException.class);
        return TEXTS.contains(method) && is(call.owner().asSymbol()) && !ours;
    }

    /** What the compiler itself makes of a record's pattern: {@code new MatchException(e.toString(), e)}. */
    private static boolean isMatchFailure(List<Instruction> instructions, int at) {
        return instructions.stream()
                .skip(at + 1)
                .filter(InvokeInstruction.class::isInstance)
                .map(InvokeInstruction.class::cast)
                .findFirst()
                .filter(call -> call.owner().name().equalsString("java/lang/MatchException"))
                .isPresent();
    }

    /** Also what the compiler makes of {@code "text" + e}. */
    private static boolean isTurnedToText(InvokeInstruction call) {
        return call.name().equalsString("getClass")
                || call.owner().name().equalsString("java/lang/String")
                        && call.name().equalsString("valueOf")
                        && call.type().equalsString("(Ljava/lang/Object;)Ljava/lang/String;");
    }

    /** Of what an instruction leaves on the stack, as far as that is simple. */
    private static ClassDesc type(Instruction made, int bci, List<LocalVariable> variables, CodeAttribute code) {
        return switch (made) {
            case InvokeInstruction call -> call.typeSymbol().returnType();
            case LoadInstruction load ->
                variables.stream()
                        .filter(v -> v.slot() == load.slot()
                                && code.labelToBci(v.startScope()) <= bci
                                && bci <= code.labelToBci(v.endScope()))
                        .findFirst()
                        .map(LocalVariable::typeSymbol)
                        .orElse(ConstantDescs.CD_Object);
            default -> ConstantDescs.CD_Object;
        };
    }

    private static boolean is(ClassDesc type) {
        return isA(type, Throwable.class);
    }

    private static boolean isA(ClassDesc type, Class<?> parent) {
        if (!type.isClassOrInterface()) {
            return false;
        }
        String descriptor = type.descriptorString();
        String name = descriptor.substring(1, descriptor.length() - 1).replace('/', '.');
        try {
            return parent.isAssignableFrom(Class.forName(name, false, PlainWordsTest.class.getClassLoader()));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static String name(ClassModel type) {
        return type.thisClass().asInternalName().replace('/', '.');
    }

    /** Does what must not be done, in all but the last. */
    @SuppressWarnings("unused") // its byte code is read
    private static final class Offender {
        String text(IOException e) {
            return "failed: " + e;
        }

        String cause(IOException e) {
            return "failed: " + e.getCause();
        }

        String message(IOException e) {
            return "failed: " + e.getMessage();
        }

        String name(IOException e) {
            return e.getClass().getName();
        }

        String ourName(FoveaException e) {
            return "failed: " + e;
        }

        String fine(FoveaException e) {
            return e.getMessage() + e.problem();
        }
    }
}
