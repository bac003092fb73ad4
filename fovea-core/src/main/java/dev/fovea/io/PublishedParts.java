package dev.fovea.io;

import dev.fovea.error.Quote;
import dev.fovea.io.PublishedCodes.Packing;
import dev.fovea.io.QuantizedParts.Part;
import dev.fovea.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The stored tensors of a weight that GPTQ or AWQ packed.
 *
 * @param stem the weight's name up to its last dot
 * @param groups by columns, where they are not in sequence: only of GPTQ
 */
record PublishedParts(
        String stem, Optional<Part> codes, Optional<Part> zeros, Optional<Part> scales, Optional<Part> groups) {
    /** Codes in an int. */
    static final int PACKED = 8;

    private static final String WEIGHT = "weight";

    /** @param find a stored tensor by its name */
    static PublishedParts find(String name, Function<String, Optional<Part>> find) {
        String stem = name.substring(0, name.length() - WEIGHT.length());
        return new PublishedParts(
                stem,
                find.apply(stem + "qweight"),
                find.apply(stem + "qzeros"),
                find.apply(stem + "scales"),
                find.apply(stem + "g_idx"));
    }

    boolean isThere() {
        return codes.isPresent();
    }

    /** What is missing, or has another shape or type than such a weight of this size; empty where all fits. */
    List<String> misfits(PublishedCodes form, int rows, int columns) {
        int count = form.form(columns).groups(columns);
        boolean gptq = form.packing() == Packing.GPTQ;
        List<String> misfits = new ArrayList<>();
        check(misfits, "qweight", codes, gptq ? shape(columns, PACKED, rows, 1) : shape(columns, 1, rows, PACKED));
        check(misfits, "qzeros", zeros, shape(count, 1, rows, PACKED));
        check(misfits, "scales", scales, shape(count, 1, rows, 1));
        if (groups.isPresent()) {
            check(misfits, "g_idx", groups, Shape.of(columns));
        }
        if (rows % PACKED != 0 || columns % PACKED != 0) {
            misfits.add(Quote.of(stem + "qweight") + " is of a (" + rows + ", " + columns
                    + ") weight, expected multiples of 8");
        }
        return misfits;
    }

    private static Shape shape(int first, int perFirst, int second, int perSecond) {
        return Shape.of(first / perFirst, second / perSecond);
    }

    private void check(List<String> misfits, String part, Optional<Part> found, Shape expected) {
        boolean floating = part.equals("scales");
        String wanted = (floating ? "F16 " : "I32 ") + expected;
        if (found.isEmpty()) {
            misfits.add(Quote.of(stem + part) + " is missing, expected " + wanted);
            return;
        }
        WeightFile.Entry entry = found.get().entry();
        boolean fits = floating ? entry.type().isWeight() : entry.type() == StoredType.I32;
        if (!fits || !entry.shape().equals(expected)) {
            misfits.add(Quote.of(stem + part) + " is " + entry.type() + " " + entry.shape() + ", expected " + wanted);
        }
    }
}
