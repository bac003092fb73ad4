package dev.fovea.backend;

import dev.fovea.tensor.DType;
import java.util.List;

/** What the families of operations ask of the test that they are mixed into. */
interface Subject {
    /** Around the vector widths of 4, 8 and 16 floats and their multiples, primes, and one beyond every block. */
    List<Integer> SIZES = List.of(1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 61, 127, 257, 1031);

    /** The dtypes of activations and weights that go together. */
    enum Mix {
        FLOAT32(DType.FLOAT32, DType.FLOAT32),
        FLOAT32_BFLOAT16(DType.FLOAT32, DType.BFLOAT16),
        FLOAT32_FLOAT16(DType.FLOAT32, DType.FLOAT16),
        BFLOAT16(DType.BFLOAT16, DType.BFLOAT16),
        FLOAT16(DType.FLOAT16, DType.FLOAT16);

        final DType x;
        final DType weight;

        Mix(DType x, DType weight) {
            this.x = x;
            this.weight = weight;
        }
    }

    /** The dtypes of activations. */
    List<DType> DTYPES = List.of(DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16);

    /** A trial of an operation on the backend under test, with random numbers of its own. */
    Trial trial(String operation);
}
