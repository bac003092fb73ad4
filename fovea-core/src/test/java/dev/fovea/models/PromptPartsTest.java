package dev.fovea.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fovea.backend.shapes.ShapeBackend;
import dev.fovea.nn.KvCache;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.DType;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Shape;
import dev.fovea.tensor.SharedRows;
import dev.fovea.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where prompts are cut, on prompts without data. */
class PromptPartsTest {
    private static final int CHUNK = 1024;

    private final Backend backend = new ShapeBackend();

    private PromptParts parts(int length, int[] blockEnd, int pictureEnd, int[] turnEnds, boolean anywhere) {
        try (Scope scope = Scope.open(backend)) {
            Tensor embeds = scope.allocate(DType.FLOAT32, Shape.of(length, 1));
            Prompt prompt = new Prompt(embeds, new int[][] {new int[length]}, length, blockEnd, pictureEnd);
            return new PromptParts(prompt, turnEnds, new Model(anywhere));
        }
    }

    /** Ends of the passes of a prompt of which nothing was found. */
    private static List<Integer> passes(PromptParts parts, int length) {
        List<Integer> ends = new ArrayList<>();
        int done = 0;
        while (ends.isEmpty() || ends.getLast() < length) {
            int end = parts.passEnd(done);
            ends.add(end);
            while (done < parts.count() && parts.rows(done + 1) <= end) {
                done++;
            }
        }
        return ends;
    }

    /** Blocks that see ahead, of 20 to 300 rows. */
    private static int[] blocks(Random random, int length) {
        int[] ends = new int[length];
        for (int i = random.nextInt(200); i < length; i += random.nextInt(600)) {
            int end = i + 20 + random.nextInt(280);
            if (end < length) {
                Arrays.fill(ends, i, end, end);
            }
            i = end;
        }
        return ends;
    }

    @Test
    void aPromptMayBeCutAnywhere() {
        Random random = new Random(1);
        for (int i = 0; i < 3000; i++) {
            int length = i < 60 ? i + 1 : i < 120 ? CHUNK + i - 90 : 1 + random.nextInt(4000);
            int[] blockEnd = i % 2 == 0 ? new int[length] : blocks(random, length);
            PromptParts parts = parts(length, blockEnd, 0, new int[0], true);
            int from = 0;
            for (int end : passes(parts, length)) {
                assertThat(end - from).isGreaterThan(length > Backend.FEW_ROWS ? Backend.FEW_ROWS : 0);
                assertThat(end - from).isLessThanOrEqualTo(CHUNK + 320);
                from = end;
            }
            assertThat(from).isEqualTo(length);
            for (int part = 0; part < parts.count(); part++) {
                int end = parts.rows(part + 1);
                assertThat(end).isGreaterThan(parts.rows(part)).isLessThanOrEqualTo(length);
                assertThat(blockEnd[end - 1]).isLessThanOrEqualTo(end);
            }
            assertThat(parts.count() > 0).isEqualTo(length > Backend.FEW_ROWS);
        }
    }

    @Test
    void aPromptIsCutBehindPicturesAndTurns() {
        assertThat(passes(parts(900, new int[900], 0, new int[] {100, 255, 256, 300, 520}, false), 900))
                .containsExactly(256, 520, 900);
        assertThat(passes(parts(900, new int[900], 400, new int[] {500, 700}, false), 900))
                .containsExactly(400, 700, 900);
        int[] seesAhead = new int[900];
        Arrays.fill(seesAhead, 144, 400, 400);
        assertThat(passes(parts(900, seesAhead, 400, new int[0], false), 900)).containsExactly(400, 900);
        assertThat(passes(parts(900, new int[900], 127, new int[0], false), 900))
                .containsExactly(900);
        assertThat(passes(parts(3000, new int[3000], 0, new int[] {2999}, false), 3000))
                .containsExactly(1024, 2048, 2999, 3000);
    }

    private record Model(boolean anywhere) implements CausalModel {
        @Override
        public SharedRows sharedPromptRows() {
            return anywhere ? SharedRows.MANY : new SharedRows(1, 128);
        }

        @Override
        public int prefillChunk() {
            return CHUNK;
        }

        @Override
        public Backend backend() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int vocabSize() {
            throw new UnsupportedOperationException();
        }

        @Override
        public KvCache newCache() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Tensor embed(int[] ids) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Tensor forward(Tensor inputsEmbeds, int[][] positions, KvCache.Step step) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Tensor logits(Tensor hidden) {
            throw new UnsupportedOperationException();
        }
    }
}
