package dev.fovea.text.jinja;

import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import dev.fovea.text.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What is inside of texts, lists and dicts: items, attributes, slices. */
final class Items {
    private Items() {}

    /** What a loop over the value runs through: items, keys, characters. */
    @SuppressWarnings("unchecked")
    static List<Object> of(Object value) {
        return switch (value) {
            case List<?> list -> (List<Object>) list;
            case Tuple tuple -> tuple.items();
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case String s -> Strings.characters(s);
            case Undefined _ -> List.of();
            default -> throw new Failure("a " + Values.type(value) + " cannot be iterated over");
        };
    }

    static long length(Object value) {
        return switch (value) {
            case String s -> s.codePointCount(0, s.length());
            case List<?> list -> list.size();
            case Tuple tuple -> tuple.items().size();
            case Map<?, ?> map -> map.size();
            case Undefined _ -> 0;
            default -> throw new Failure("a " + Values.type(value) + " has no length");
        };
    }

    static boolean contains(Object container, Object item, Budget budget) {
        if (container instanceof String text) {
            if (!(item instanceof String part)) {
                Values.refuse(item);
                throw new Failure("'in <text>' needs a text on its left, not a " + Values.type(item));
            }
            budget.spend(text.length());
            return text.contains(part);
        }
        if (container instanceof Map<?, ?> map) {
            return map.containsKey(key(item));
        }
        return of(container).stream().anyMatch(i -> Values.equal(i, item, budget));
    }

    /** A value as the key of a map: 1, 1.0 and True are one key in Python. */
    static Object key(Object value) {
        return switch (value) {
            case Boolean b -> b ? 1L : 0L;
            case Double d when d == Math.rint(d) && Math.abs(d) < 1L << 53 -> d.longValue();
            case Tuple tuple -> new Tuple(tuple.items().stream().map(Items::key).toList());
            case List<?> _, Map<?, ?> _ ->
                throw new Failure("a " + Values.type(value) + " cannot be the key of a dict");
            default -> value;
        };
    }

    /** {@code container[key]}; undefined where it is not there. */
    static Object item(Object container, Object key, Budget budget) {
        Values.refuse(container);
        if (container instanceof Map<?, ?> map) {
            Object value = map.get(key(key));
            if (value != null) {
                return value;
            }
        } else if (key instanceof Long || key instanceof Boolean) {
            long index = Numbers.integer(key);
            if (container instanceof String text) {
                int at = Strings.offset(text, index);
                if (at >= 0) {
                    return Character.toString(text.codePointAt(at));
                }
            } else if (container instanceof List || container instanceof Tuple) {
                List<Object> items = of(container);
                long at = index < 0 ? index + items.size() : index;
                if (at >= 0 && at < items.size()) {
                    return items.get((int) at);
                }
            }
        }
        if (key instanceof String name) {
            Object method = Methods.find(container, name, budget);
            if (method != null) {
                return method;
            }
            return new Undefined(describe(container) + " has no attribute '" + name + "'");
        }
        return new Undefined(describe(container) + " has no element " + (key instanceof Long ? key : Values.type(key)));
    }

    /** {@code container.name}: a method or an attribute, else the item of that name. */
    static Object attribute(Object container, String name, Budget budget) {
        Values.refuse(container);
        Object method = Methods.find(container, name, budget);
        return method != null ? method : item(container, name, budget);
    }

    private static String describe(Object value) {
        return value instanceof None ? "None" : "'" + Values.type(value) + " object'";
    }

    /** {@code container[start:stop:step]}, any of them None. */
    static Object slice(Object container, Object start, Object stop, Object step, Budget budget) {
        Values.refuse(container);
        if (!(container instanceof String || container instanceof List || container instanceof Tuple)) {
            throw new Failure("a " + Values.type(container) + " cannot be sliced");
        }
        long by = step == None.NONE ? 1 : Numbers.integer(step);
        if (by == 0) {
            throw new Failure("the step of a slice cannot be zero");
        }
        int size = (int) length(container);
        long from = bound(start, by > 0 ? 0 : size - 1, size, by);
        long to = bound(stop, by > 0 ? size : -1, size, by);
        budget.spend(size);
        if (container instanceof String text && by == 1) {
            return Strings.substring(text, from, to);
        }
        List<Object> items = of(container);
        List<Object> taken = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i = by > size || by < -size ? to : i + by) {
            taken.add(items.get((int) i));
        }
        return switch (container) {
            case String _ -> Strings.join(taken);
            case Tuple _ -> new Tuple(taken);
            default -> taken;
        };
    }

    private static long bound(Object bound, long absent, int size, long step) {
        if (bound == None.NONE) {
            return absent;
        }
        long at = Numbers.integer(bound);
        at = at < 0 ? at + size : at;
        return step > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1);
    }
}
