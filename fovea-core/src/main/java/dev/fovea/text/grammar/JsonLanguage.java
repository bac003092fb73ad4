package dev.fovea.text.grammar;

import dev.fovea.io.Json;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The documents that a JSON schema allows, as one rule for each kind of object, array and larger value. What is written is a choice
 * among the valid spellings: properties in the order of the schema, little white space, names and constants without needless escapes.
 */
final class JsonLanguage {
    /** A value whose network is smaller is put where it is used; a longer one is a rule of its own. */
    private static final int INLINED_STATES = 400;

    private record Key(String kind, Values values) {}

    private final List<Network> networks = new ArrayList<>();
    private final Map<Key, Integer> rules = new HashMap<>();
    private final Deque<Key> open = new ArrayDeque<>();
    private final Map<Values, Boolean> isSmall = new HashMap<>();

    /** @throws dev.fovea.error.OptionException where the schema has something that is not supported, or allows nothing */
    static Automaton of(@Nullable Object schema) {
        JsonLanguage language = new JsonLanguage();
        return language.automaton(language.document(schema), "the JSON schema");
    }

    /** The rule of the documents of a schema. */
    int document(@Nullable Object schema) {
        return rule(new Key("value", new Values(Set.of(new Schema.Document(schema).schema()))));
    }

    /** The rule of any object. */
    int object() {
        return rule(new Key("object", new Values(Set.of())));
    }

    /** The language of a rule that calls rules of this one. */
    Automaton automaton(Network whole, String what) {
        networks.add(whole);
        return automaton(networks.size() - 1, what);
    }

    private Automaton automaton(int root, String what) {
        while (!open.isEmpty()) {
            build(open.remove());
        }
        return Automaton.of(networks, root).orElseThrow(() -> Values.noDocument(what));
    }

    private int rule(Key key) {
        return rules.computeIfAbsent(key, k -> {
            networks.add(new Network());
            open.add(k);
            return networks.size() - 1;
        });
    }

    private void build(Key key) {
        Network network = networks.get(rules.getOrDefault(key, -1));
        switch (key.kind) {
            case "object" -> object(network, key.values);
            case "array" -> array(network, key.values);
            default -> network.empty(alternatives(network, network.start, key.values), network.end);
        }
    }

    /** A value that all of these schemas allow. */
    private int value(Network network, int from, Set<Schema> all) {
        Values values = new Values(all);
        return isSmall(values)
                ? alternatives(network, from, values)
                : network.call(from, rule(new Key("value", values)));
    }

    private boolean isSmall(Values values) {
        Boolean known = isSmall.get(values);
        if (known == null) {
            Network trial = new Network();
            alternatives(trial, trial.start, values);
            known = trial.bytes.size() <= INLINED_STATES;
            isSmall.put(values, known);
        }
        return known;
    }

    private int alternatives(Network network, int from, Values values) {
        int to = network.state();
        for (Set<Schema> all : Alternatives.of(values.all())) {
            Values one = new Values(all);
            var literals = one.literals();
            if (literals.isPresent()) {
                literals.get().forEach(literal -> network.empty(literal(network, from, literal), to));
            } else {
                Set<Values.Type> types = one.types();
                types.stream()
                        .filter(t -> t != Values.Type.INTEGER || !types.contains(Values.Type.NUMBER))
                        .forEach(type -> network.empty(type(network, from, type, one), to));
            }
        }
        return to;
    }

    private int type(Network network, int from, Values.Type type, Values values) {
        return switch (type) {
            case NULL -> network.literal(from, "null");
            case BOOLEAN -> {
                int to = network.literal(from, "true");
                network.empty(network.literal(from, "false"), to);
                yield to;
            }
            case INTEGER -> network.ascii(from, values.numbers(true).dfa());
            case NUMBER -> network.ascii(from, values.numbers(false).dfa());
            case STRING -> network.string(from, values.texts());
            case ARRAY -> network.call(from, rule(new Key("array", values.ofArrays())));
            case OBJECT -> network.call(from, rule(new Key("object", values.ofObjects())));
        };
    }

    /** A value of enum or const. */
    private int literal(Network network, int from, @Nullable Object literal) {
        return switch (literal) {
            case List<?> list -> {
                int at = network.space(network.literal(from, "["));
                String before = "";
                for (Object item : list) {
                    at = literal(network, separator(network, at, before), item);
                    before = ",";
                }
                yield network.literal(list.isEmpty() ? at : network.space(at), "]");
            }
            case Map<?, ?> map -> {
                int at = network.space(network.literal(from, "{"));
                String before = "";
                for (Map.Entry<?, ?> e : map.entrySet()) {
                    at = name(network, separator(network, at, before), String.valueOf(e.getKey()));
                    at = literal(network, at, e.getValue());
                    before = ",";
                }
                yield network.literal(map.isEmpty() ? at : network.space(at), "}");
            }
            case String text -> network.string(from, CharDfa.only(text));
            case null, default -> network.literal(from, Json.write(literal));
        };
    }

    private static int separator(Network network, int from, String sign) {
        return sign.isEmpty() ? from : network.space(network.literal(from, sign));
    }

    private static int name(Network network, int from, String name) {
        return network.space(network.literal(network.string(from, CharDfa.only(name)), ":"));
    }

    /** Two rows of states: before the first property, where no comma is written, and behind one. */
    private void object(Network network, Values values) {
        Map<String, Set<Schema>> properties = values.properties();
        Set<String> required = values.required();
        int none = network.space(network.literal(network.start, "{"));
        int some = network.state();
        for (Map.Entry<String, Set<Schema>> property : properties.entrySet()) {
            int first = name(network, none, property.getKey());
            int further = name(network, separator(network, some, ","), property.getKey());
            network.empty(further, first);
            int behind = value(network, first, property.getValue());
            if (required.contains(property.getKey())) {
                none = network.state();
                some = behind;
            } else {
                int next = network.state();
                network.empty(behind, next);
                network.empty(some, next);
                some = next;
            }
        }
        int noneAtEnd = none;
        int someAtEnd = network.state();
        network.empty(some, someAtEnd);
        values.additional().ifPresent(must -> {
            int key = network.state();
            network.empty(noneAtEnd, key);
            network.empty(separator(network, someAtEnd, ","), key);
            int name = network.string(key, CharDfa.noneOf(properties.keySet()));
            int behind = value(network, network.space(network.literal(name, ":")), must);
            network.empty(behind, someAtEnd);
        });
        network.empty(network.literal(noneAtEnd, "}"), network.end);
        network.empty(network.literal(network.space(someAtEnd), "}"), network.end);
    }

    private void array(Network network, Values values) {
        int min = values.most("minItems");
        int max = values.least("maxItems");
        int distinct = max >= 0 ? max : Math.max(1, Math.max(min, values.prefix()));
        int at = network.space(network.literal(network.start, "["));
        if (min == 0) {
            network.empty(network.literal(at, "]"), network.end);
        }
        for (int i = 0; i < distinct; i++) {
            int item = i == 0 ? at : separator(network, at, ",");
            at = item(network, item, values.item(i), distinct);
            if (i + 1 >= min) {
                network.empty(network.literal(network.space(at), "]"), network.end);
            }
        }
        if (max < 0) {
            int again = item(network, separator(network, at, ","), values.item(distinct), distinct);
            network.empty(again, at);
        }
    }

    /** What stands in an array many times is a rule of its own. */
    private int item(Network network, int from, Set<Schema> all, int times) {
        return times > 2 ? network.call(from, rule(new Key("value", new Values(all)))) : value(network, from, all);
    }
}
