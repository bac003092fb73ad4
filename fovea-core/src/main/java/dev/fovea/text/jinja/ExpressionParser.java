package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Lexer.Kind;
import dev.fovea.text.jinja.Lexer.Token;
import dev.fovea.text.jinja.Node.*;
import dev.fovea.text.jinja.Values.None;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Recursive descent over expressions, loosest first. The precedence is Jinja's, which is not quite Python's. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final Tokens tokens;

    /** The names read so far: what a macro's body reads tells what it takes. */
    private Set<String> names = new HashSet<>();

    private final Set<String> literals = new HashSet<>();

    ExpressionParser(Tokens tokens) {
        this.tokens = tokens;
    }

    /** The strings so far; the parser of statements adds its texts. */
    Set<String> literals() {
        return literals;
    }

    /** The names that are read while something is parsed; they count as read outside of it too. */
    Set<String> namesIn(Runnable parsing) {
        Set<String> outer = names;
        names = new HashSet<>();
        parsing.run();
        Set<String> inner = names;
        outer.addAll(inner);
        names = outer;
        return inner;
    }

    /** A name, or what it stands for everywhere. */
    static Expression constant(String name) {
        return switch (name) {
            case "true", "True" -> new Constant(true);
            case "false", "False" -> new Constant(false);
            case "none", "None" -> new Constant(None.NONE);
            default -> new Name(name);
        };
    }

    /** Expressions with commas between them are a tuple; so is nothing at all, in brackets. */
    Expression tuple(boolean conditionals, boolean brackets) {
        List<Expression> items = new ArrayList<>();
        boolean tuple = false;
        do {
            Token token = tokens.current();
            boolean end =
                    token.kind() == Kind.BLOCK_END || token.kind() == Kind.EXPRESSION_END || token.isOperator(")");
            if (end) {
                break;
            }
            items.add(conditionals ? expression() : tokens.nested(this::or));
            tuple |= tokens.current().isOperator(",");
        } while (tokens.skipOperator(","));
        if (items.isEmpty() && !brackets) {
            throw tokens.error("expected an expression");
        }
        return tuple || items.isEmpty() ? new TupleLiteral(items) : items.getFirst();
    }

    Expression expression() {
        return tokens.nested(() -> {
            Expression value = or();
            while (tokens.skipName("if")) {
                Expression test = or();
                value = new Conditional(
                        test, value, tokens.skipName("else") ? Optional.of(expression()) : Optional.empty());
            }
            return value;
        });
    }

    private Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            left = new Binary("or", left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            left = new Binary("and", left, not());
        }
        return left;
    }

    private Expression not() {
        return tokens.skipName("not") ? new Unary("not", tokens.nested(this::not)) : comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Comparison(first, operators, operands);
            }
            operands.add(sum());
        }
    }

    private Expression sum() {
        return binary(this::concat, Set.of("+", "-"));
    }

    private Expression concat() {
        List<Expression> parts = new ArrayList<>(List.of(product()));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Concat(parts);
    }

    private Expression product() {
        return binary(this::power, Set.of("*", "/", "//", "%"));
    }

    private Expression power() {
        return binary(() -> unary(true), Set.of("**"));
    }

    private Expression binary(Supplier<Expression> operand, Set<String> operators) {
        Expression left = operand.get();
        while (tokens.current().kind() == Kind.OPERATOR
                && operators.contains(tokens.current().text())) {
            left = new Binary(tokens.next().text(), left, operand.get());
        }
        return left;
    }

    private Expression unary(boolean filters) {
        Token token = tokens.current();
        boolean sign = token.isOperator("-") || token.isOperator("+");
        Expression value =
                postfix(sign ? new Unary(tokens.next().text(), tokens.nested(() -> unary(false))) : primary());
        return filters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> {
                names.add(token.text());
                yield constant(token.text());
            }
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.current().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                literals.add(text.toString());
                yield new Constant(text.toString());
            }
            case INTEGER -> new Constant(Numbers.integer(token.text(), token.line()));
            case FLOAT -> new Constant(Double.parseDouble(token.text().replace("_", "")));
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> {
                        Expression inner = tokens.nested(() -> tuple(true, true));
                        tokens.expectOperator(")");
                        yield inner;
                    }
                    case "[" -> new ListLiteral(items("]", this::expression));
                    case "{" -> dict();
                    default -> throw Tokens.error(token, "unexpected " + token);
                };
            default -> throw Tokens.error(token, "unexpected " + token + "; expected an expression");
        };
    }

    private Expression dict() {
        List<Expression> values = new ArrayList<>();
        List<Expression> keys = items("}", () -> {
            Expression key = expression();
            tokens.expectOperator(":");
            values.add(expression());
            return key;
        });
        return new DictLiteral(keys, values);
    }

    /** Items with commas between them and maybe behind them, up to the closing bracket and with it. */
    private <T> List<T> items(String close, Supplier<T> item) {
        List<T> items = new ArrayList<>();
        while (!tokens.current().isOperator(close)) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator(close)) {
                    break;
                }
            }
            items.add(item.get());
        }
        tokens.next();
        return items;
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator(".")) {
                Token name = tokens.next();
                value = switch (name.kind()) {
                    case NAME -> new Attribute(value, name.text());
                    case INTEGER -> new Item(value, new Constant(Numbers.integer(name.text(), name.line())));
                    default -> throw Tokens.error(name, "unexpected " + name + "; expected a name or a number");
                };
            } else if (tokens.skipOperator("[")) {
                value = subscript(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression operand) {
        Optional<Expression> start = tokens.current().isOperator(":") ? Optional.empty() : Optional.of(expression());
        if (!tokens.current().isOperator(":")) {
            tokens.expectOperator("]");
            return new Item(operand, start.orElseThrow());
        }
        List<Optional<Expression>> bounds = new ArrayList<>(List.of(start));
        while (tokens.skipOperator(":") && bounds.size() < 3) {
            boolean absent =
                    tokens.current().isOperator(":") || tokens.current().isOperator("]");
            bounds.add(absent ? Optional.empty() : Optional.of(expression()));
        }
        tokens.expectOperator("]");
        return new Slice(operand, bounds.get(0), bounds.get(1), bounds.size() < 3 ? Optional.empty() : bounds.get(2));
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skipOperator("|")) {
                value = filter(value);
            } else if (tokens.skipName("is")) {
                value = test(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    Expression pipes(Expression start) {
        Expression value = start;
        while (tokens.skipOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    Expression filter(Expression operand) {
        String name = tokens.expect(Kind.NAME, "the name of a filter").text();
        return new Filter(operand, name, tokens.current().isOperator("(") ? arguments() : Arguments.NONE);
    }

    /** {@code is name}, {@code is name(arguments)} or {@code is name argument}, with {@code not} after {@code is}. */
    private Expression test(Expression operand) {
        boolean negated = tokens.skipName("not");
        String name = tokens.expect(Kind.NAME, "the name of a test").text();
        Token token = tokens.current();
        Arguments arguments = Arguments.NONE;
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (startsArgument(token)) {
            Expression argument = tokens.nested(() -> postfix(primary()));
            arguments = new Arguments(List.of(argument), Map.of(), Optional.empty(), Optional.empty());
        }
        Expression test = new Node.Test(operand, name, arguments);
        return negated ? new Unary("not", test) : test;
    }

    private boolean startsArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> {
                if (token.text().equals("is")) {
                    throw tokens.error("tests cannot be chained with 'is'");
                }
                yield !Set.of("else", "or", "and").contains(token.text());
            }
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }

    private Arguments arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        List<Expression> spread = new ArrayList<>();
        List<Expression> namedSpread = new ArrayList<>();
        items(")", () -> {
            Token token = tokens.current();
            boolean last = spread.isEmpty() && namedSpread.isEmpty();
            if (tokens.skipOperator("**")) {
                namedSpread.add(expression());
            } else if (tokens.skipOperator("*")) {
                spread.add(expression());
            } else if (token.kind() == Kind.NAME && tokens.following().isOperator("=")) {
                tokens.next();
                tokens.next();
                named.put(token.text(), expression());
            } else {
                if (!named.isEmpty() || !last) {
                    throw tokens.error("an argument without a name follows one with a name");
                }
                positional.add(expression());
            }
            return token;
        });
        if (spread.size() > 1 || namedSpread.size() > 1) {
            throw tokens.error("only one *arguments and one **arguments are allowed");
        }
        return new Arguments(
                positional,
                named,
                spread.stream().findAny(),
                namedSpread.stream().findAny());
    }
}
