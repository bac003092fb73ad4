package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Kernel;
import java.util.List;
import java.util.Optional;

/**
 * A residual connection: a sum and its norm, a norm of what is added before it (Gemma), and copies of both, which hand them on to
 * the next layer.
 */
final class SumNorms implements Fusion.Rule {
    /** How the names of its kernels begin; the norm's own follows. */
    static final String ADD = "add_";

    /** A norm of rows of a width, each row by itself. */
    private record Norm(Step.Launch launch, long x, long weight, long bias, long out, long rows, int width, float eps) {
        static Optional<Norm> of(Step.Call call) {
            if (!(call instanceof Step.Launch launch)
                    || !launch.kernel()
                            .module()
                            .isOfOne("norm", launch.kernel().module().macro("X"))
                    || !launch.kernel().entry().matches("(rms_norm|rms_norm_plus_one|layer_norm)_(warp|block)")) {
                return Optional.empty();
            }
            Arguments.Reader read = launch.arguments().read();
            long x = read.pointer();
            long weight = read.pointer();
            long bias = launch.kernel().entry().startsWith("layer_norm") ? read.pointer() : 0;
            return Optional.of(
                    new Norm(launch, x, weight, bias, read.pointer(), read.pointer(), read.integer(), read.real()));
        }

        /** Whether another is of as many rows, by the same kernel. */
        boolean isLike(Norm other) {
            return launch.kernel().equals(other.launch.kernel()) && rows == other.rows && width == other.width;
        }
    }

    /** A sum of two tensors of one size. */
    private record Sum(long x, long y, long out, long elements) {
        static Optional<Sum> of(Step.Call call) {
            if (!(call instanceof Step.Launch launch)
                    || !launch.kernel().entry().equals("add")
                    || !launch.kernel()
                            .module()
                            .isOfOne("elementwise", launch.kernel().module().macro("X"))) {
                return Optional.empty();
            }
            Arguments.Reader read = launch.arguments().read();
            Sum sum = new Sum(read.pointer(), read.pointer(), read.pointer(), read.pointer());
            return read.pointer() == sum.elements ? Optional.of(sum) : Optional.empty();
        }
    }

    @Override
    public Optional<Fusion.Fused> first(List<Step.Call> calls, Fusion.Place place) {
        Optional<Norm> before = Norm.of(calls.getFirst());
        int at = before.isPresent() ? 1 : 0;
        Sum sum = at < calls.size() ? Sum.of(calls.get(at)).orElse(null) : null;
        if (sum == null) {
            return Optional.empty();
        }
        long again = copyOf(calls, at + 1, sum.out);
        at += again == 0 ? 1 : 2;
        Norm norm = at < calls.size() ? Norm.of(calls.get(at)).orElse(null) : null;
        if (norm == null || (norm.x != sum.out && norm.x != again) || norm.rows * norm.width != sum.elements) {
            return Optional.empty();
        }
        if (before.isPresent() && !(before.get().bias == 0 && before.get().isLike(norm) && before.get().out == sum.y)) {
            return Optional.empty();
        }
        long handedOn = copyOf(calls, at + 1, norm.out);
        return fuse(before, sum, again, norm, handedOn, handedOn == 0 ? at + 1 : at + 2);
    }

    /** Where a call copies what lies at an address, 0 where it does not. */
    private static long copyOf(List<Step.Call> calls, int at, long from) {
        return at < calls.size() && calls.get(at) instanceof Step.Copy copy && copy.from() == from ? copy.to() : 0;
    }

    private static Optional<Fusion.Fused> fuse(
            Optional<Norm> before, Sum sum, long again, Norm norm, long handedOn, int count) {
        SumNorm all = new SumNorm(
                before.map(Norm::x).orElse(sum.y),
                sum.x,
                before.map(Norm::weight).orElse(0L),
                before.map(Norm::out).orElse(0L),
                sum.out,
                again,
                before.map(Norm::eps).orElse(0f),
                norm.weight,
                norm.bias,
                norm.out,
                handedOn,
                norm.eps);
        Arguments arguments = all.addTo(new Arguments()).pointer(norm.rows).integer(norm.width);
        Kernel kernel = norm.launch.kernel();
        Kernel fused = new Kernel(kernel.module(), ADD + kernel.entry(), kernel.threads());
        List<Bytes> touched = all.touched(kernel.module().macro("X"), sum.elements);
        return Fusion.Fused.where(touched, new Step.Launch(fused, norm.launch.grid(), arguments), count);
    }
}
