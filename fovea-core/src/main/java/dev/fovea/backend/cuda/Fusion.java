package dev.fovea.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * Fewer launches for the calls of a step: each rule replaces some that follow one another by one launch. It writes all that
 * they wrote, the same bits at the same places, so that nobody need know who reads what.
 */
final class Fusion {
    /** Unless the system property {@code fovea.cuda.fusion} is false. */
    private static final boolean ON = !"false".equals(System.getProperty("fovea.cuda.fusion"));

    /** Unless the system property {@code fovea.cuda.normed} is false. */
    private static final boolean NORMED = !"false".equals(System.getProperty("fovea.cuda.normed"));

    private static final List<Rule> RULES =
            List.of(new GatedProducts(), new FurtherProducts(), new JoinedProducts(), new HeadRows(), new SumNorms());

    /** Over what the others made. */
    private static final List<Rule> LAST = NORMED ? List.of(new NormedProducts()) : List.of();

    private Fusion() {}

    /** Whether products make the norm of their row. */
    static boolean makesNorms() {
        return ON && NORMED;
    }

    /** Calls that one launch can stand for. */
    @FunctionalInterface
    interface Rule {
        /** What stands for the first of these calls and some behind it. */
        Optional<Fused> first(List<Step.Call> calls, Place place);
    }

    /**
     * Where calls run.
     *
     * @param ofStep whether the step's own memory is at an address: all that it makes, but for what it puts into caches
     * @param multiprocessors of the device
     */
    record Place(LongPredicate ofStep, int multiprocessors) {}

    /**
     * A launch.
     *
     * @param count how many calls it stands for
     */
    record Fused(Step.Launch launch, int count) {
        /** Where all that is read or written lies apart, so that the order of its parts does not matter. */
        static Optional<Fused> where(List<Bytes> touched, Step.Launch launch, int count) {
            return Bytes.areApart(touched) ? Optional.of(new Fused(launch, count)) : Optional.empty();
        }
    }

    /** By all rules, unless they are switched off; products read weights early that the step does not make. */
    static List<Step.Call> of(List<Step.Call> calls, Place place) {
        List<Step.Call> fused = (ON ? by(RULES, calls, place) : calls)
                .stream().map(call -> early(call, place.ofStep)).toList();
        return ON ? by(LAST, fused, place) : fused;
    }

    private static Step.Call early(Step.Call call, LongPredicate ofStep) {
        return Products.of(call)
                .filter(p -> p.matrices().stream()
                        .noneMatch(m -> m.w().parts().stream().anyMatch(ofStep::test)))
                .<Step.Call>map(p -> p.early().launch())
                .orElse(call);
    }

    private static List<Step.Call> by(List<Rule> rules, List<Step.Call> calls, Place place) {
        List<Step.Call> fused = calls;
        for (Rule rule : rules) {
            fused = by(rule, fused, place);
        }
        return fused;
    }

    private static List<Step.Call> by(Rule rule, List<Step.Call> calls, Place place) {
        List<Step.Call> fused = new ArrayList<>();
        for (int i = 0; i < calls.size(); ) {
            Optional<Fused> one = rule.first(calls.subList(i, calls.size()), place);
            fused.add(one.<Step.Call>map(Fused::launch).orElse(calls.get(i)));
            i += one.map(Fused::count).orElse(1);
        }
        return fused;
    }
}
