package dev.fovea.backend.cpu.codes;

import dev.fovea.backend.cpu.rows.Rows;
import org.jspecify.annotations.Nullable;

/** {@code out = x wᵀ + bias} for an x that other weights may meet too. */
public record CodeProduct(Codes w, @Nullable Rows bias, Rows out) {
    /** Of some rows of x. */
    CodeProduct part(int first, int most) {
        return new CodeProduct(w, bias, out.part(first, most));
    }
}
