package dev.fovea.ffi;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.NativeException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
    private static final String FOLDER = "dev/fovea/ffi/unpacking";
    private static final FunctionDescriptor COS = FunctionDescriptor.of(JAVA_DOUBLE, JAVA_DOUBLE);

    @Test
    @EnabledOnOs(OS.LINUX)
    void takesTheFirstThatLoads() throws Throwable {
        NativeLibrary library = NativeLibrary.ofSystem("C mathematics", List.of("no-such-library.so.7", "libm.so.6"));
        assertThat(library.isPresent()).isTrue();
        assertThat(library.where()).isEqualTo("libm.so.6");
        MethodHandle cos = library.link("cos", COS);
        assertThat((double) cos.invokeExact(0.0)).isEqualTo(1.0);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFunctionThatIsNotThereSaysSoWhenCalled() {
        MethodHandle missing =
                NativeLibrary.ofSystem("C mathematics", List.of("libm.so.6")).link("no_such_function", COS);
        assertThatThrownBy(() -> {
                    double _ = (double) missing.invokeExact(0.0);
                })
                .isInstanceOf(NativeException.class)
                .hasMessage("C mathematics in libm.so.6 has no function no_such_function");
    }

    @Test
    void anAbsentLibraryRemembersWhyInEveryFunction() {
        NativeLibrary library = NativeLibrary.ofSystem("Nothing", List.of("no-such-library.so.7", "nor-this.so"));
        assertThat(library.isPresent()).isFalse();
        assertThat(library.where()).contains("no-such-library.so.7").contains("nor-this.so");
        MethodHandle returning = library.link("f", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        MethodHandle plain = library.link("g", FunctionDescriptor.ofVoid());
        assertThatThrownBy(() -> {
                    int _ = (int) returning.invokeExact(1);
                })
                .isInstanceOf(NativeException.class)
                .hasMessageStartingWith("Nothing is not there: none of these can be loaded: ");
        assertThatThrownBy(() -> {
                    plain.invokeExact();
                })
                .isInstanceOf(NativeException.class);
    }

    @Test
    void aResourceThatIsNotOnTheClassPathIsAnAbsentLibrary() {
        NativeLibrary library = NativeLibrary.ofResources("nothing", "no/such/folder", List.of("libnothing.so"));
        assertThat(library.isPresent()).isFalse();
        assertThat(library.where()).isEqualTo("no/such/folder/libnothing.so is not on the class path");
    }

    @Test
    void unpacksSideBySideUnderTheSumOfTheContents(@TempDir Path cache) throws Exception {
        List<Path> paths = Unpacking.unpack("words", FOLDER, List.of("first.txt", "second.txt"), cache)
                .orElseThrow();
        assertThat(paths.getFirst()).hasContent("one\n").hasFileName("first.txt");
        assertThat(paths.getLast()).hasContent("not a library\n");
        assertThat(paths.getFirst().getParent()).isEqualTo(paths.getLast().getParent());
        assertThat(paths.getFirst().getParent().getFileName().toString()).matches("words-[0-9a-f]+");
        try (var files = Files.list(paths.getFirst().getParent())) {
            assertThat(files).hasSize(2); // nothing half-written is left
        }
    }

    @Test
    void replacesAFileWithOtherContents(@TempDir Path cache) throws Exception {
        Path first = Unpacking.unpack("words", FOLDER, List.of("first.txt"), cache)
                .orElseThrow()
                .getFirst();
        Files.writeString(first, "two\n"); // of the same length
        Unpacking.unpack("words", FOLDER, List.of("first.txt"), cache);
        assertThat(first).hasContent("one\n");
    }
}
