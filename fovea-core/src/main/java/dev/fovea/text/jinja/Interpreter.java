package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Node.*;
import dev.fovea.text.jinja.TemplateException.Failure;
import dev.fovea.text.jinja.Values.Callable;
import dev.fovea.text.jinja.Values.Namespace;
import dev.fovea.text.jinja.Values.None;
import dev.fovea.text.jinja.Values.Tuple;
import dev.fovea.text.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One rendering of a template. */
final class Interpreter {
    /** How a statement ended: a break or continue passes outward to its loop. */
    private enum End {
        NORMAL,
        BREAK,
        CONTINUE
    }

    /** The names of a block of a loop, macro or with; those of an if are those around it. */
    private record Scope(Map<String, Object> names, Optional<Scope> outer) {
        Scope inner() {
            return new Scope(new HashMap<>(), Optional.of(this));
        }

        @Nullable
        Object get(String name) {
            Object value = names.get(name);
            return value != null || outer.isEmpty() ? value : outer.get().get(name);
        }
    }

    private final Budget budget;
    private StringBuilder out = new StringBuilder();
    private int line = 1;

    Interpreter(Budget budget) {
        this.budget = budget;
    }

    int line() {
        return line;
    }

    String run(List<Statement> template, Map<String, Object> variables) {
        Scope globals = new Scope(new HashMap<>(variables), Optional.empty());
        return capture(template, globals.inner());
    }

    // Statements

    private End executeAll(List<Statement> body, Scope scope) {
        for (Statement statement : body) {
            End end = execute(statement, scope);
            if (end != End.NORMAL) {
                return end;
            }
        }
        return End.NORMAL;
    }

    private End execute(Statement statement, Scope scope) {
        budget.enter();
        line = statement.line();
        End end = switch (statement) {
            case Text text -> print(text.text());
            case Output output -> print(Values.text(evaluate(output.value(), scope), budget));
            case If branch -> executeAll(isTrue(branch.test(), scope) ? branch.then() : branch.otherwise(), scope);
            case For loop -> loop(loop, evaluate(loop.items(), scope), 0, scope);
            case Break _ -> End.BREAK;
            case Continue _ -> End.CONTINUE;
            case Assign set -> assign(set.target(), evaluate(set.value(), scope), scope);
            case AssignBlock set -> assign(set.target(), filtered(set.filter(), set.body(), scope), scope);
            case FilterBlock block -> print(Values.text(filtered(block.filter(), block.body(), scope), budget));
            case With with -> with(with, scope);
            case Scoped scoped -> print(capture(scoped.body(), scope.inner()));
            case Macro macro -> {
                Callable function = macro(macro.name(), macro.signature(), macro.body(), scope);
                yield assign(new NameTarget(macro.name()), function, scope);
            }
            case CallBlock block -> {
                Callable caller = macro("caller", block.signature(), block.body(), scope);
                yield print(Values.text(call(block.call(), scope, Optional.of(caller)), budget));
            }
        };
        budget.leave();
        return end;
    }

    private End print(String text) {
        Budget.check((long) out.length() + text.length());
        budget.spend(text.length());
        out.append(text);
        return End.NORMAL;
    }

    /** What a body prints. */
    private String capture(List<Statement> body, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        if (executeAll(body, scope) != End.NORMAL) {
            throw new Failure("break and continue belong into a loop");
        }
        String text = out.toString();
        out = outer;
        return text;
    }

    private Object filtered(Expression filter, List<Statement> body, Scope scope) {
        Scope inner = scope.inner();
        String text = capture(body, scope.inner());
        inner.names().put(Node.CAPTURED.name(), text);
        return evaluate(filter, inner);
    }

    private End loop(For loop, Object over, long depth, Scope scope) {
        List<Object> items = new ArrayList<>(iterable(over));
        loop.condition()
                .ifPresent(condition -> items.removeIf(item -> {
                    Scope each = scope.inner();
                    assign(loop.target(), item, each);
                    return !isTrue(condition, each);
                }));
        if (items.isEmpty()) {
            return executeAll(loop.otherwise(), scope.inner());
        }
        Loop state = new Loop(items, depth, loop.recursive() ? args -> again(loop, args, depth + 1, scope) : null);
        End end = End.NORMAL;
        for (Object item : items) {
            budget.spend(1);
            state.next();
            Scope each = scope.inner();
            each.names().put("loop", state);
            assign(loop.target(), item, each);
            end = executeAll(loop.body(), each);
            if (end == End.BREAK) {
                break;
            }
        }
        return End.NORMAL;
    }

    /** What a loop prints that is called from inside itself. */
    private String again(For loop, Args args, long depth, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        budget.enter();
        loop(loop, args.bind("iterable").required("iterable"), depth, scope);
        budget.leave();
        String text = out.toString();
        out = outer;
        return text;
    }

    private List<Object> iterable(Object value) {
        List<Object> items = Items.of(value);
        budget.spend(items.size());
        return items;
    }

    private End with(With with, Scope scope) {
        Scope inner = scope.inner();
        for (int i = 0; i < with.targets().size(); i++) {
            assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
        }
        return executeAll(with.body(), inner);
    }

    private End assign(Target target, Object value, Scope scope) {
        switch (target) {
            case NameTarget name -> scope.names().put(name.name(), value);
            case TupleTarget tuple -> {
                List<Object> items = iterable(value);
                if (items.size() != tuple.targets().size()) {
                    throw new Failure("cannot unpack " + items.size() + " values to "
                            + tuple.targets().size() + " names");
                }
                for (int i = 0; i < items.size(); i++) {
                    assign(tuple.targets().get(i), items.get(i), scope);
                }
            }
            case AttributeTarget attribute -> {
                if (!(lookUp(attribute.namespace(), scope) instanceof Namespace namespace)) {
                    throw new Failure(
                            "'" + attribute.namespace() + "' is no namespace: only its attributes can be set");
                }
                Globals.checkName(attribute.attribute());
                namespace.attributes().put(attribute.attribute(), value);
            }
        }
        return End.NORMAL;
    }

    private Callable macro(String name, Signature signature, List<Statement> body, Scope defined) {
        return new BoundMacro(name, signature, args -> {
            int calledFrom = line;
            budget.enter();
            String text = capture(body, bind(name, signature, args, defined.inner()));
            budget.leave();
            line = calledFrom;
            return text;
        });
    }

    private Scope bind(String name, Signature signature, Args args, Scope scope) {
        List<String> parameters = signature.parameters();
        List<Object> positional = args.positional();
        int given = Math.min(positional.size(), parameters.size());
        if (positional.size() > given && !signature.varargs()) {
            throw new Failure("macro '" + name + "' takes at most " + parameters.size() + " arguments");
        }
        Map<Object, Object> rest = new LinkedHashMap<>(args.named());
        int required = parameters.size() - signature.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            String parameter = parameters.get(i);
            Object value = rest.remove(parameter);
            if (value == null && i >= given && i < required) {
                value = new Undefined("parameter '" + parameter + "' was not provided");
            } else if (value == null) {
                value = i < given
                        ? positional.get(i)
                        : evaluate(signature.defaults().get(i - required), scope);
            } else if (i < given) {
                throw new Failure("macro '" + name + "' was given '" + parameter + "' twice");
            }
            scope.names().put(parameter, value);
        }
        Object caller = rest.remove("caller");
        if ((!rest.isEmpty() && !signature.kwargs()) || (caller != null && !signature.caller())) {
            throw new Failure("macro '" + name + "' takes no argument '"
                    + (rest.isEmpty() ? "caller" : rest.keySet().iterator().next()) + "'");
        }
        if (signature.caller() && !parameters.contains("caller")) {
            scope.names().put("caller", caller != null ? caller : new Undefined("no caller is defined"));
        }
        if (signature.varargs()) {
            scope.names().put("varargs", new Tuple(positional.subList(given, positional.size())));
        }
        if (signature.kwargs()) {
            scope.names().put("kwargs", rest);
        }
        return scope;
    }

    // Expressions

    private boolean isTrue(Expression expression, Scope scope) {
        return Values.isTrue(evaluate(expression, scope));
    }

    private Object evaluate(Expression expression, Scope scope) {
        budget.enter();
        Object value = switch (expression) {
            case Constant constant -> constant.value();
            case Name name -> lookUp(name.name(), scope);
            case ListLiteral list -> evaluateAll(list.items(), scope);
            case TupleLiteral tuple -> new Tuple(evaluateAll(tuple.items(), scope));
            case DictLiteral dict -> dict(dict, scope);
            case Attribute attribute -> Items.attribute(evaluate(attribute.operand(), scope), attribute.name(), budget);
            case Item item -> Items.item(evaluate(item.operand(), scope), evaluate(item.key(), scope), budget);
            case Slice slice ->
                Items.slice(
                        evaluate(slice.operand(), scope),
                        bound(slice.start(), scope),
                        bound(slice.stop(), scope),
                        bound(slice.step(), scope),
                        budget);
            case Call call -> call(call, scope, Optional.empty());
            case Filter filter ->
                made(Filters.apply(
                        filter.name(),
                        evaluate(filter.operand(), scope),
                        arguments(filter.arguments(), scope),
                        budget));
            case Node.Test test ->
                Tests.apply(test.name(), evaluate(test.operand(), scope), arguments(test.arguments(), scope), budget);
            case Unary unary -> unary(unary.operator(), evaluate(unary.operand(), scope));
            case Binary binary -> binary(binary, scope);
            case Comparison comparison -> compare(comparison, scope);
            case Concat concat -> concat(concat, scope);
            case Conditional conditional ->
                isTrue(conditional.test(), scope)
                        ? evaluate(conditional.then(), scope)
                        : conditional
                                .otherwise()
                                .map(e -> evaluate(e, scope))
                                .orElseGet(() -> new Undefined("an inline if came out false and has no else"));
        };
        budget.leave();
        return value;
    }

    private Object lookUp(String name, Scope scope) {
        Object value = scope.get(name);
        value = value != null ? value : Globals.FUNCTIONS.get(name);
        return value != null ? value : new Undefined("'" + name + "' is undefined");
    }

    private List<Object> evaluateAll(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Object dict(DictLiteral literal, Scope scope) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (int i = 0; i < literal.keys().size(); i++) {
            dict.put(
                    Items.key(evaluate(literal.keys().get(i), scope)),
                    evaluate(literal.values().get(i), scope));
        }
        return dict;
    }

    private Object bound(Optional<Expression> expression, Scope scope) {
        return expression.map(e -> evaluate(e, scope)).orElse(None.NONE);
    }

    private Object call(Call call, Scope scope, Optional<Callable> caller) {
        Object function = evaluate(call.function(), scope);
        if (!(function instanceof Callable callable)) {
            Values.refuse(function);
            throw new Failure("a " + Values.type(function) + " cannot be called");
        }
        Args args = arguments(call.arguments(), scope);
        if (caller.isPresent()) {
            Map<String, Object> named = new LinkedHashMap<>(args.named());
            named.put("caller", caller.get());
            args = new Args(args.positional(), named);
        }
        return made(callable.call(args));
    }

    /** Spends what a call or filter has made. */
    private Object made(Object value) {
        switch (value) {
            case String text -> budget.length(text.length());
            case List<?> list -> budget.length(list.size());
            case Map<?, ?> map -> budget.length(map.size());
            default -> {}
        }
        return value;
    }

    private Args arguments(Arguments arguments, Scope scope) {
        List<Object> positional = evaluateAll(arguments.positional(), scope);
        arguments.spread().ifPresent(e -> positional.addAll(iterable(evaluate(e, scope))));
        Map<String, Object> named = new LinkedHashMap<>();
        arguments.named().forEach((name, value) -> named.put(name, evaluate(value, scope)));
        arguments.namedSpread().ifPresent(e -> {
            if (!(evaluate(e, scope) instanceof Map<?, ?> map)) {
                throw new Failure("**arguments need a dict");
            }
            map.forEach((name, value) -> named.put(Values.text(name, budget), value));
        });
        return new Args(positional, named);
    }

    private Object unary(String operator, Object value) {
        return switch (operator) {
            case "not" -> !Values.isTrue(value);
            default -> Numbers.signed(operator.equals("-"), value);
        };
    }

    private Object binary(Binary binary, Scope scope) {
        Object left = evaluate(binary.left(), scope);
        return switch (binary.operator()) {
            case "and" -> Values.isTrue(left) ? evaluate(binary.right(), scope) : left;
            case "or" -> Values.isTrue(left) ? left : evaluate(binary.right(), scope);
            default -> Numbers.binary(binary.operator(), left, evaluate(binary.right(), scope), budget);
        };
    }

    private boolean compare(Comparison comparison, Scope scope) {
        Object left = evaluate(comparison.first(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = evaluate(comparison.operands().get(i), scope);
            boolean holds = switch (comparison.operators().get(i)) {
                case "==" -> Values.equal(left, right, budget);
                case "!=" -> !Values.equal(left, right, budget);
                case "<" -> Values.compare(left, right, budget) < 0;
                case "<=" -> Values.compare(left, right, budget) <= 0;
                case ">" -> Values.compare(left, right, budget) > 0;
                case ">=" -> Values.compare(left, right, budget) >= 0;
                case "in" -> Items.contains(right, left, budget);
                default -> !Items.contains(right, left, budget);
            };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private String concat(Concat concat, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Expression part : concat.parts()) {
            String piece = Values.text(evaluate(part, scope), budget);
            budget.length((long) text.length() + piece.length());
            text.append(piece);
        }
        return text.toString();
    }
}
