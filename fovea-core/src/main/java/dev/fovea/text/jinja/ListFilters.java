package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Filters.Filter;
import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The filters that cut a list into lists. */
final class ListFilters {
    static final Map<String, Filter> FILTERS = Map.of(
            "batch", ListFilters::batch,
            "slice", ListFilters::slice,
            "groupby", ListFilters::groupBy);

    private ListFilters() {}

    private static Object batch(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("linecount", "fill_with");
        long count = Numbers.integer(bound.required("linecount"));
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : Items.of(value)) {
            if (batch.size() == count) {
                batches.add(batch);
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            Object fill = bound.get("fill_with").orElse(None.NONE);
            if (fill != None.NONE && batch.size() < count) {
                int missing = (int) Math.min(count - batch.size(), Budget.MAX_LENGTH + 1L);
                batch.addAll(Collections.nCopies(filled(missing, budget), fill));
            }
            batches.add(batch);
        }
        return batches;
    }

    private static int filled(int count, Budget budget) {
        Budget.checkItems(count);
        return budget.length(count);
    }

    private static Object slice(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("slices", "fill_with");
        List<Object> items = Items.of(value);
        long slices = Numbers.integer(bound.required("slices"));
        if (slices == 0) {
            throw new Failure("slice needs at least one slice");
        }
        int count = filled((int) Math.clamp(slices, 0, Budget.MAX_LENGTH + 1L), budget);
        Object fill = bound.get("fill_with").orElse(None.NONE);
        List<Object> all = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            boolean larger = i < items.size() % count;
            int to = from + items.size() / count + (larger ? 1 : 0);
            List<Object> slice = new ArrayList<>(items.subList(from, to));
            if (fill != None.NONE && !larger) {
                slice.add(fill);
            }
            all.add(slice);
            from = to;
        }
        return all;
    }

    /** Pairs of a value and the items that have it, in the order of the values. */
    private static Object groupBy(Object value, Args args, Budget budget) {
        Args.Bound bound = args.bind("attribute", "default", "case_sensitive");
        Function<Object, Object> key = Filters.path(bound.required("attribute"), bound.some("default"), budget);
        Function<Object, Object> compared = Filters.caseless(key, bound.flag("case_sensitive"));
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : Filters.sorted(Items.of(value), compared, false, budget)) {
            if (!group.isEmpty() && !Values.equal(compared.apply(group.getFirst()), compared.apply(item), budget)) {
                groups.add(pair(key, group));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(pair(key, group));
        }
        return groups;
    }

    private static Tuple pair(Function<Object, Object> key, List<Object> group) {
        return new Tuple(List.of(key.apply(group.getFirst()), group), List.of("grouper", "list"));
    }
}
