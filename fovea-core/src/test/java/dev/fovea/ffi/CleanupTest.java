package dev.fovea.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CleanupTest {
    private final List<String> freed = new ArrayList<>();

    private void free(String name) {
        freed.add(name);
        if (name.startsWith("bad")) {
            throw new IllegalStateException(name);
        }
    }

    @Test
    void eachHasItsTurnAndTheFirstFailureIsTold() {
        assertThatThrownBy(() -> Cleanup.each(List.of("good", "bad 1", "fine", "bad 2"), this::free))
                .hasMessage("bad 1")
                .satisfies(e -> assertThat(e.getSuppressed())
                        .singleElement()
                        .hasToString("java.lang.IllegalStateException: bad 2"));
        assertThat(freed).containsExactly("good", "bad 1", "fine", "bad 2");
    }

    @Test
    void anErrorStaysOne() {
        Error error = new OutOfMemoryError();
        assertThatThrownBy(() -> Cleanup.all(
                        () -> {
                            throw error;
                        },
                        () -> free("bad")))
                .isSameAs(error);
        assertThat(freed).containsExactly("bad");
    }

    @Test
    void whatFailedBeforeIsTold() {
        RuntimeException failure = new RuntimeException("before");
        Cleanup.after(failure, () -> free("bad"), () -> free("good"), () -> {
            throw failure;
        });
        assertThat(freed).containsExactly("bad", "good");
        assertThat(failure.getSuppressed()).hasSize(1);
    }
}
