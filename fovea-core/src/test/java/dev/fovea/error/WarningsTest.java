package dev.fovea.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarningsTest {
    @Test
    void saysEachThingOnce() {
        List<String> said = new ArrayList<>();
        Warnings warnings = Warnings.to(said::add);
        warnings.warn("a");
        warnings.warn("b");
        warnings.warn("a");
        assertThat(said).containsExactly("a", "b");
    }
}
