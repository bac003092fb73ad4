package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A sum of rows and its norm, as the structures {@code Sum} and {@code Normed} of {@code vectors.cu}: addresses, of what there is not 0.
 *
 * @param x normed before it is added, where there is {@code before}
 * @param before the weights of that norm
 * @param normed where it goes
 * @param out where the sum goes
 * @param again where the sum goes too
 * @param epsBefore of the norm before
 * @param weight of the norm of the sum
 * @param bias of the same
 * @param result where the norm goes
 * @param resultAgain where the norm goes too
 */
record SumNorm(
        long x,
        long y,
        long before,
        long normed,
        long out,
        long again,
        float epsBefore,
        long weight,
        long bias,
        long result,
        long resultAgain,
        float eps) {
    Arguments addTo(Arguments arguments) {
        return arguments
                .pointer(x)
                .pointer(y)
                .pointer(before)
                .pointer(normed)
                .pointer(out)
                .pointer(again)
                .real(epsBefore)
                .pointer(weight)
                .pointer(bias)
                .pointer(result)
                .pointer(resultAgain)
                .real(eps)
                .pad();
    }

    static SumNorm of(Arguments.Reader read) {
        return new SumNorm(
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.real(),
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.pointer(),
                read.real());
    }

    /** Bytes of the rows, so many elements of a type each, that are read or written. */
    List<Bytes> touched(String type, long elements) {
        return LongStream.of(x, y, normed, out, again, result, resultAgain)
                .filter(address -> address != 0)
                .mapToObj(address -> Bytes.of(type, address, elements))
                .toList();
    }

    /** Whether all rows and weights begin at multiples of so many bytes. */
    boolean isAligned(int bytes) {
        return LongStream.of(x, y, before, normed, out, again, weight, bias, result, resultAgain)
                .allMatch(address -> address % bytes == 0);
    }
}
