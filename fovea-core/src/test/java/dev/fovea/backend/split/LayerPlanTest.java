package dev.fovea.backend.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.MemoryException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LayerPlanTest {
    /** A table of 20, eight layers of 10 in two tensors, a norm of 1. */
    private static Map<String, Long> model() {
        Map<String, Long> sizes = new LinkedHashMap<>();
        sizes.put("model.embed_tokens.weight", 20L);
        for (int i = 0; i < 8; i++) {
            sizes.put("model.layers." + i + ".self_attn.q_proj.weight", 4L);
            sizes.put("model.layers." + i + ".mlp.experts.3.weight", 6L);
        }
        sizes.put("model.norm.weight", 1L);
        return sizes;
    }

    private static List<Integer> layers(long... free) {
        LayerPlan plan = LayerPlan.of(model(), free);
        return IntStream.range(0, 8)
                .mapToObj(i -> plan.home("model.layers." + i + ".self_attn.q_proj.weight"))
                .toList();
    }

    @Test
    void sharesFollowWhatIsFree() {
        assertThat(layers(100, 100)).containsExactly(0, 0, 0, 1, 1, 1, 1, 1);
        assertThat(layers(75, 50)).containsExactly(0, 0, 0, 0, 1, 1, 1, 1);
        assertThat(layers(80, 80, 80)).containsExactly(0, 1, 1, 1, 1, 2, 2, 2);
    }

    @Test
    void aLayerIsNotTornApart() {
        LayerPlan plan = LayerPlan.of(model(), 100, 100);
        for (int i = 0; i < 8; i++) {
            assertThat(plan.home("model.layers." + i + ".mlp.experts.3.weight"))
                    .isEqualTo(plan.home("model.layers." + i + ".self_attn.q_proj.weight"));
        }
    }

    @Test
    void whatIsNoWeightGoesToTheFirst() {
        assertThat(LayerPlan.of(model(), 50, 60).home("")).isZero();
    }

    @Test
    void aHomeWithoutBoundTakesTheRestAndIsLeftAloneWhereNothingIsLeft() {
        assertThat(layers(60, LayerPlan.UNBOUNDED)).containsExactly(0, 0, 0, 1, 1, 1, 1, 1);
        assertThat(layers(1000, LayerPlan.UNBOUNDED)).containsOnly(0);
        assertThat(layers(LayerPlan.UNBOUNDED, LayerPlan.UNBOUNDED)).containsExactly(0, 0, 0, 1, 1, 1, 1, 1);
    }

    @Test
    void noHomeTakesMoreThanItHas() {
        assertThat(layers(51, 51)).containsExactly(0, 0, 0, 1, 1, 1, 1, 1);
        assertThatThrownBy(() -> LayerPlan.of(model(), 40, 60))
                .isInstanceOf(MemoryException.class)
                .hasMessageContaining("the devices have 0.00 GB and 0.00 GB free");
        assertThatThrownBy(() -> LayerPlan.of(model(), 10, 100)).isInstanceOf(MemoryException.class);
    }
}
