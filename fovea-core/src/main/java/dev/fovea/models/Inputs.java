package dev.fovea.models;

import dev.fovea.media.DecodedImage;
import dev.fovea.media.Origin;
import dev.fovea.tensor.Backend;
import dev.fovea.tensor.Scope;
import dev.fovea.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a processor hands to a model: transformers' BatchFeature. Rows are independent requests and carry no padding; each has
 * its own pictures.
 */
public record Inputs(List<Row> rows) {

    public Inputs {
        rows = List.copyOf(rows);
    }

    /**
     * One request.
     *
     * @param prompt the text before placeholders were expanded
     * @param inputIds token ids, placeholders expanded
     * @param images in the order of their placeholders
     * @param videos in the order of their placeholders
     * @param modelArguments see {@link Inputs#with}
     */
    public record Row(
            String prompt,
            int[] inputIds,
            List<Visual> images,
            List<Visual> videos,
            Map<String, Object> modelArguments) {
        public Row {
            images = List.copyOf(images);
            videos = List.copyOf(videos);
            modelArguments = Map.copyOf(modelArguments);
        }

        public Row(String prompt, int[] inputIds, List<Visual> images, List<Visual> videos) {
            this(prompt, inputIds, images, videos, Map.of());
        }

        /** With the originals of its pictures, in their order. */
        public Row madeOf(List<DecodedImage> pictures) {
            List<Visual> all = IntStream.range(0, images.size())
                    .mapToObj(i -> images.get(i).madeOf(pictures.get(i).origin()))
                    .toList();
            return new Row(prompt, inputIds, all, videos, modelArguments);
        }

        /** With its prompt as it is shown. */
        public Row withPrompt(String shown) {
            return new Row(shown, inputIds, images, videos, modelArguments);
        }

        /** With further arguments for the model; where both give one, that of {@code more} counts. */
        public Row with(Map<String, Object> more) {
            Map<String, Object> all = new LinkedHashMap<>(modelArguments);
            all.putAll(more);
            return new Row(prompt, inputIds, images, videos, all);
        }
    }

    /**
     * A picture or clip.
     *
     * @param pixelValues the model's own layout; see its processor
     * @param grid patches, where the family cuts pictures of any size into patches
     * @param tokens placeholders that it takes in the prompt
     * @param secondPerGridT seconds between temporal patches of a clip; 0 for pictures
     * @param origin the original picture; of clips a frame as the loader gives it
     * @param views what the model sees of it: the whole, or the whole and its crops, as pixelValues has them; of a clip that of
     *     each frame
     */
    public record Visual(
            Pixels pixelValues,
            Optional<GridThw> grid,
            int tokens,
            double secondPerGridT,
            Origin origin,
            List<View> views) {
        public Visual {
            views = List.copyOf(views);
        }

        /** Of a picture that is its own original. */
        public Visual(
                Pixels pixelValues,
                Optional<GridThw> grid,
                int tokens,
                double secondPerGridT,
                int width,
                int height,
                List<View> views) {
            this(pixelValues, grid, tokens, secondPerGridT, new Origin(width, height, 1), views);
        }

        /** Of the original picture in pixels, after EXIF orientation where the loader applies it. */
        public int width() {
            return origin.width();
        }

        /** Likewise. */
        public int height() {
            return origin.height();
        }

        /** With the original that the picture was made of before the processor got it. */
        Visual madeOf(Origin first) {
            double x = (double) first.width() / width();
            double y = (double) first.height() / height();
            return new Visual(
                    pixelValues,
                    grid,
                    tokens,
                    secondPerGridT,
                    first,
                    views.stream().map(v -> v.scaled(x, y)).toList());
        }
    }

    /**
     * These inputs with keyword arguments of the model, which transformers takes beside them:
     * {@code generate(**inputs, interpolate_pos_encoding=True)}.
     */
    public Inputs with(Map<String, Object> modelArguments) {
        return new Inputs(rows.stream().map(row -> row.with(modelArguments)).toList());
    }

    /** transformers' input_ids, less the padding. */
    public List<int[]> inputIds() {
        return rows.stream().map(Row::inputIds).toList();
    }

    /** transformers' pixel_values: the pictures of all rows, one after another. Empty where there are none. */
    public Optional<Pixels> pixelValues() {
        return concat(rows.stream().flatMap(r -> r.images().stream()).toList());
    }

    /** transformers' pixel_values_videos. Empty where there are none. */
    public Optional<Pixels> pixelValuesVideos() {
        return concat(rows.stream().flatMap(r -> r.videos().stream()).toList());
    }

    /** transformers' image_grid_thw; empty where the family has no grids. */
    public List<GridThw> imageGridThw() {
        return rows.stream()
                .flatMap(r -> r.images().stream())
                .flatMap(v -> v.grid().stream())
                .toList();
    }

    /** transformers' video_grid_thw; empty where the family has no grids. */
    public List<GridThw> videoGridThw() {
        return rows.stream()
                .flatMap(r -> r.videos().stream())
                .flatMap(v -> v.grid().stream())
                .toList();
    }

    /** Reports the pixels as stages of a trace. */
    public void nameStages(Backend backend) {
        try (Scope _ = Scope.open(backend)) {
            pixelValues()
                    .ifPresent(p -> Tensor.of(backend, p.values(), p.shape()).named("pixel_values"));
            pixelValuesVideos()
                    .ifPresent(p -> Tensor.of(backend, p.values(), p.shape()).named("pixel_values_videos"));
        }
    }

    private static Optional<Pixels> concat(List<Visual> visuals) {
        return visuals.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Pixels.concat(visuals.stream().map(Visual::pixelValues).toList()));
    }
}
