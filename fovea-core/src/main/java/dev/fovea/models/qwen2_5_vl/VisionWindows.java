package dev.fovea.models.qwen2_5_vl;

import dev.fovea.models.GridThw;
import java.util.ArrayList;
import java.util.List;

/**
 * Which patches of pictures attend to each other, and the order that lets them stand together: integers only.
 *
 * <p>The unit is a merged cell: spatialMergeSize² patches, neighbours in the picture, that lie one after another in
 * pixel_values and leave the tower as one row. Windows hold windowSize / mergeSize / patchSize cells a side; those at the
 * right and bottom edges are smaller. Source: get_window_index of Qwen2_5_VisionTransformerPretrainedModel.
 *
 * @param cellOrder for each place in window order, the cell that stands there
 * @param windowBounds ascending patch numbers in window order, from 0: cu_window_seqlens
 * @param frameBounds ascending patch numbers, one segment for each frame: cu_seqlens
 */
record VisionWindows(int[] cellOrder, int[] windowBounds, int[] frameBounds) {

    /**
     * @param grids the pictures, packed one after another
     * @param windowCells cells along the side of a window
     */
    static VisionWindows of(List<GridThw> grids, int mergeSize, int windowCells) {
        int unit = mergeSize * mergeSize;
        int patches = grids.stream().mapToInt(GridThw::patches).sum();
        int[] cellOrder = new int[patches / unit];
        List<Integer> windowBounds = new ArrayList<>(List.of(0));
        List<Integer> frameBounds = new ArrayList<>(List.of(0));
        int cell = 0; // cells placed so far
        for (GridThw grid : grids) {
            int height = grid.h() / mergeSize;
            int width = grid.w() / mergeSize;
            for (int t = 0; t < grid.t(); t++) {
                int first = cell;
                for (int y = 0; y < height; y += windowCells) {
                    for (int x = 0; x < width; x += windowCells) {
                        for (int r = y; r < Math.min(height, y + windowCells); r++) {
                            for (int c = x; c < Math.min(width, x + windowCells); c++) {
                                cellOrder[cell++] = first + r * width + c;
                            }
                        }
                        windowBounds.add(cell * unit);
                    }
                }
                frameBounds.add(cell * unit);
            }
        }
        return new VisionWindows(cellOrder, ints(windowBounds), ints(frameBounds));
    }

    /** {@link #cellOrder} for patches: the patch that stands at each place in window order. */
    int[] patchOrder() {
        int[] order = new int[frameBounds[frameBounds.length - 1]];
        int unit = cellOrder.length == 0 ? 1 : order.length / cellOrder.length;
        for (int i = 0; i < order.length; i++) {
            order[i] = cellOrder[i / unit] * unit + i % unit;
        }
        return order;
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
