package dev.fovea.text.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a value may be, without {@code $ref}, {@code allOf}, {@code anyOf}: a list of sets of schemas, of one of which all must hold.
 * {@code oneOf} counts as {@code anyOf}: that no second one holds is not regular.
 */
final class Alternatives {
    private static final int MOST = 4096;

    private final Set<Schema> inProgress = new LinkedHashSet<>();

    private Alternatives() {}

    static List<Set<Schema>> of(Set<Schema> all) {
        return new Alternatives().all(all);
    }

    private List<Set<Schema>> all(Iterable<Schema> schemas) {
        List<Set<Schema>> result = List.of(Set.of());
        for (Schema schema : schemas) {
            result = both(result, one(schema), schema);
        }
        return result;
    }

    private List<Set<Schema>> one(Schema schema) {
        // What refers to itself without anything between allows nothing by that way.
        if (schema.isFalse() || !inProgress.add(schema)) {
            return List.of();
        }
        List<Set<Schema>> result = List.of(Set.of(schema));
        Optional<Schema> reference = schema.reference();
        if (reference.isPresent()) {
            result = both(result, one(reference.get()), schema);
        }
        result = both(result, all(schema.schemas("allOf")), schema);
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.has(keyword)) {
                List<Set<Schema>> any = new ArrayList<>();
                schema.schemas(keyword).forEach(s -> any.addAll(one(s)));
                result = both(result, any, schema);
            }
        }
        inProgress.remove(schema);
        return result;
    }

    private static List<Set<Schema>> both(List<Set<Schema>> left, List<Set<Schema>> right, Schema schema) {
        if ((long) left.size() * right.size() > MOST) {
            throw schema.problem("has more than " + MOST + " combinations of alternatives");
        }
        Set<Set<Schema>> result = new LinkedHashSet<>();
        for (Set<Schema> a : left) {
            for (Set<Schema> b : right) {
                Set<Schema> union = new LinkedHashSet<>(a);
                union.addAll(b);
                result.add(union);
            }
        }
        return List.copyOf(result);
    }
}
