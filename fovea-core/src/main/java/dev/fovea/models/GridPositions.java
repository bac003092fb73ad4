package dev.fovea.models;

import java.util.List;

/**
 * Row and column of each patch of pictures, in the order of {@link Qwen2VLImageProcessor}: the patches of a square that will be
 * merged follow each other. Every frame of a clip starts anew. Source: rot_pos_emb of Qwen2-VL, Qwen2.5-VL and
 * LLaVA-OneVision-1.5.
 *
 * @param rows for each patch its row in the picture
 * @param columns for each patch its column
 */
public record GridPositions(int[] rows, int[] columns) {

    /** @param grids the pictures, packed one after another */
    public static GridPositions of(List<GridThw> grids, int mergeSize) {
        int patches = grids.stream().mapToInt(GridThw::patches).sum();
        int[] rows = new int[patches];
        int[] columns = new int[patches];
        int unit = mergeSize * mergeSize;
        int patch = 0;
        for (GridThw grid : grids) {
            int width = grid.w() / mergeSize;
            int cells = grid.h() / mergeSize * width;
            for (int cell = 0; cell < grid.t() * cells; cell++) {
                int inFrame = cell % cells;
                for (int i = 0; i < unit; i++, patch++) {
                    rows[patch] = inFrame / width * mergeSize + i / mergeSize;
                    columns[patch] = inFrame % width * mergeSize + i % mergeSize;
                }
            }
        }
        return new GridPositions(rows, columns);
    }
}
