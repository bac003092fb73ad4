package dev.fovea;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Javadoc of users holds what they can meet, and no more of the engine than that. */
class PublicApiTest {
    /** Documented whole, since a user starts there; of other packages only what their signatures name. */
    private static final Set<String> WHOLE = Set.of("dev.fovea", "dev.fovea.error", "dev.fovea.tensor");

    @Test
    void holdsWhatItsSignaturesName() {
        Set<String> documented = new TreeSet<>();
        PublicApi.types().forEach(c -> documented.add(c.getName()));
        Set<String> reached = new TreeSet<>();
        Deque<Class<?>> open = new ArrayDeque<>();
        PublicApi.types().stream()
                .filter(c -> WHOLE.contains(c.getPackageName()))
                .forEach(open::add);
        while (!open.isEmpty()) {
            Class<?> type = open.pop();
            if (!type.getName().startsWith("dev.fovea") || !Modifier.isPublic(type.getModifiers())) {
                continue;
            }
            Class<?> top = type;
            while (top.getEnclosingClass() != null) {
                top = top.getEnclosingClass();
            }
            reached.add(top.getName());
            if (documented.contains(top.getName()) && reached.add(type.getName() + " read")) {
                named(type).flatMap(PublicApiTest::classes).forEach(open::add);
            }
        }
        reached.removeIf(name -> name.endsWith(" read"));
        // Users need it for the input of a task, and no signature names it.
        reached.add("dev.fovea.models.florence2.Locations");
        assertThat(reached).isEqualTo(documented);
    }

    /** As the release makes it, all of doclint but for missing comments. */
    @Test
    void itsJavadocIsClean(@TempDir Path folder) {
        List<String> arguments = new ArrayList<>(List.of("-Xdoclint:all,-missing", "-quiet", "-d"));
        arguments.addAll(List.of(folder.toString(), "--add-modules", "jdk.incubator.vector", "-classpath"));
        arguments.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        arguments.addAll(List.of("-sourcepath", PublicApi.SOURCES.toString()));
        PublicApi.sources()
                .forEach(f -> arguments.add(PublicApi.SOURCES.resolve(f).toString()));
        StringWriter said = new StringWriter();
        int status = ToolProvider.findFirst("javadoc")
                .orElseThrow()
                .run(new PrintWriter(said), new PrintWriter(said), arguments.toArray(String[]::new));
        assertThat(said.toString().lines().filter(l -> !l.contains("[incubating]") && !l.matches("\\d+ warnings?")))
                .isEmpty();
        assertThat(status).isZero();
    }

    private static Stream<Type> named(Class<?> type) {
        Stream<Type> methods = Arrays.stream(type.getDeclaredMethods())
                .filter(PublicApiTest::isVisible)
                .flatMap(PublicApiTest::named);
        Stream<Type> constructors = Arrays.stream(type.getDeclaredConstructors())
                .filter(PublicApiTest::isVisible)
                .flatMap(c -> Arrays.stream(c.getGenericParameterTypes()));
        Stream<Type> fields = Arrays.stream(type.getDeclaredFields())
                .filter(PublicApiTest::isVisible)
                .map(Field::getGenericType);
        Stream<Type> supertypes = Stream.concat(
                Stream.ofNullable(type.getGenericSuperclass()), Arrays.stream(type.getGenericInterfaces()));
        return Stream.of(methods, constructors, fields, supertypes, Arrays.<Type>stream(type.getDeclaredClasses()))
                .flatMap(types -> types);
    }

    private static Stream<Type> named(Method method) {
        return Stream.of(
                        Stream.of(method.getGenericReturnType()),
                        Arrays.stream(method.getGenericParameterTypes()),
                        Arrays.stream(method.getGenericExceptionTypes()))
                .flatMap(types -> types);
    }

    private static boolean isVisible(Member member) {
        return !member.isSynthetic() && (member.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0;
    }

    private static Stream<Class<?>> classes(Type type) {
        return switch (type) {
            case Class<?> c -> Stream.of(c.isArray() ? c.getComponentType() : c);
            case ParameterizedType p ->
                Stream.concat(
                        classes(p.getRawType()),
                        Arrays.stream(p.getActualTypeArguments()).flatMap(PublicApiTest::classes));
            case GenericArrayType a -> classes(a.getGenericComponentType());
            case WildcardType w ->
                Stream.concat(Arrays.stream(w.getUpperBounds()), Arrays.stream(w.getLowerBounds()))
                        .flatMap(PublicApiTest::classes);
            case TypeVariable<?> _ -> Stream.empty();
            default -> Stream.empty();
        };
    }
}
