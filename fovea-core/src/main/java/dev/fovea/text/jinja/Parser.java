package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Lexer.Kind;
import dev.fovea.text.jinja.Lexer.Token;
import dev.fovea.text.jinja.Node.*;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/** Recursive descent over the tags of a template. */
final class Parser {
    private final Tokens tokens;
    private final ExpressionParser expressions;

    private Parser(Tokens tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    /**
     * A template.
     *
     * @param names that its expressions read
     * @param literals its raw text and the strings of its expressions
     */
    record Parsed(List<Statement> body, Set<String> names, Set<String> literals) {}

    static Parsed parse(String source) {
        Parser parser = new Parser(new Tokens(source));
        List<Statement> body = new ArrayList<>();
        Set<String> names = parser.expressions.namesIn(() -> body.addAll(parser.body(Set.of())));
        return new Parsed(body, Set.copyOf(names), Set.copyOf(parser.expressions.literals()));
    }

    /** The statements up to a tag of one of these names, which is left to be read; up to the end where there are none. */
    private List<Statement> body(Set<String> ends) {
        return tokens.nested(() -> {
            List<Statement> body = new ArrayList<>();
            while (true) {
                Token token = tokens.current();
                switch (token.kind()) {
                    case TEXT -> {
                        expressions.literals().add(token.text());
                        body.add(new Text(tokens.next().text(), token.line()));
                    }
                    case EXPRESSION_BEGIN -> {
                        tokens.next();
                        body.add(new Output(expressions.tuple(true, false), token.line()));
                        tokens.expect(Kind.EXPRESSION_END, "}}");
                    }
                    case BLOCK_BEGIN -> {
                        tokens.next();
                        if (tokens.current().kind() == Kind.NAME
                                && ends.contains(tokens.current().text())) {
                            return body;
                        }
                        body.add(statement());
                        tokens.endBlock();
                    }
                    default -> {
                        if (!ends.isEmpty()) {
                            throw tokens.error("the template ends; expected a tag " + String.join(" or ", ends));
                        }
                        return body;
                    }
                }
            }
        });
    }

    /** The body of the tag at hand and its end tag. */
    private List<Statement> bodyTo(String end) {
        tokens.endBlock();
        List<Statement> body = body(Set.of(end));
        tokens.next();
        return body;
    }

    private Statement statement() {
        Token tag = tokens.next();
        if (tag.kind() != Kind.NAME) {
            throw Tokens.error(tag, "unexpected " + tag + "; expected the name of a tag");
        }
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> ifStatement(line);
            case "for" -> forStatement(line);
            case "set" -> setStatement(line);
            case "macro" -> macro(line);
            case "call" -> callBlock(line);
            case "filter" -> {
                Expression filter = expressions.pipes(expressions.filter(Node.CAPTURED));
                yield new FilterBlock(filter, bodyTo("endfilter"), line);
            }
            case "with" -> with(line);
            case "generation" -> new Scoped(bodyTo("endgeneration"), line);
            case "break" -> new Break(line);
            case "continue" -> new Continue(line);
            case "include", "import", "from", "extends", "block" ->
                throw Tokens.error(tag, "the tag '" + tag.text() + "' is not allowed: a chat template is one file");
            default -> throw Tokens.error(tag, "unknown tag '" + tag.text() + "'");
        };
    }

    private Statement ifStatement(int line) {
        record Branch(Expression test, List<Statement> body, int line) {}
        List<Branch> branches = new ArrayList<>();
        Token tag;
        int at = line;
        do {
            Expression test = expressions.tuple(false, false);
            tokens.endBlock();
            branches.add(new Branch(test, body(Set.of("elif", "else", "endif")), at));
            tag = tokens.next();
            at = tag.line();
        } while (tag.isName("elif"));
        List<Statement> otherwise = tag.isName("else") ? bodyTo("endif") : List.of();
        for (Branch branch : branches.subList(1, branches.size()).reversed()) {
            otherwise = List.of(new If(branch.test(), branch.body(), otherwise, branch.line()));
        }
        return new If(branches.getFirst().test(), branches.getFirst().body(), otherwise, line);
    }

    private Statement forStatement(int line) {
        Target target = target(false);
        tokens.expectName("in");
        Expression items = expressions.tuple(false, false);
        Optional<Expression> condition =
                tokens.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.skipName("recursive");
        tokens.endBlock();
        List<Statement> body = body(Set.of("else", "endfor"));
        List<Statement> otherwise = tokens.next().text().equals("else") ? bodyTo("endfor") : List.of();
        return new For(target, items, condition, recursive, body, otherwise, line);
    }

    private Statement setStatement(int line) {
        Target target = target(true);
        if (tokens.skipOperator("=")) {
            return new Assign(target, expressions.tuple(true, false), line);
        }
        Expression filter = expressions.pipes(Node.CAPTURED);
        return new AssignBlock(target, filter, bodyTo("endset"), line);
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.current().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(target(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new With(targets, values, bodyTo("endwith"), line);
    }

    private Statement macro(int line) {
        String name = tokens.expect(Kind.NAME, "the name of the macro").text();
        Parameters parameters = parameters();
        return inMacro(parameters, "endmacro", (signature, body) -> new Macro(name, signature, body, line));
    }

    /** The parameters stand before the call, and are those of its {@code caller()}. */
    private Statement callBlock(int line) {
        Parameters parameters =
                tokens.current().isOperator("(") ? parameters() : new Parameters(new ArrayList<>(), new ArrayList<>());
        if (!(expressions.expression() instanceof Call call)) {
            throw tokens.error("expected the call of a macro");
        }
        return inMacro(parameters, "endcall", (signature, body) -> new CallBlock(call, signature, body, line));
    }

    private record Parameters(List<String> names, List<Expression> defaults) {}

    private Parameters parameters() {
        Parameters parameters = new Parameters(new ArrayList<>(), new ArrayList<>());
        tokens.expectOperator("(");
        while (!tokens.current().isOperator(")")) {
            if (!parameters.names().isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters
                    .names()
                    .add(tokens.expect(Kind.NAME, "the name of a parameter").text());
            if (tokens.skipOperator("=")) {
                parameters.defaults().add(expressions.expression());
            } else if (!parameters.defaults().isEmpty()) {
                throw tokens.error("a parameter without a default follows one with a default");
            }
        }
        tokens.next();
        return parameters;
    }

    private Statement inMacro(
            Parameters parameters, String end, BiFunction<Signature, List<Statement>, Statement> result) {
        List<Statement> body = new ArrayList<>();
        Set<String> names = expressions.namesIn(() -> body.addAll(bodyTo(end)));
        Signature signature = new Signature(
                parameters.names(),
                parameters.defaults(),
                names.contains("varargs"),
                names.contains("kwargs"),
                names.contains("caller"));
        return result.apply(signature, body);
    }

    /**
     * One name or several, in brackets or not.
     *
     * @param namespaces whether {@code ns.attribute} may be assigned to
     */
    private Target target(boolean namespaces) {
        List<Target> targets = new ArrayList<>();
        boolean tuple = false;
        do {
            Token token = tokens.current();
            if (!targets.isEmpty() && token.kind() != Kind.NAME && !token.isOperator("(")) {
                break;
            }
            targets.add(singleTarget(namespaces));
            tuple |= tokens.current().isOperator(",");
        } while (tokens.skipOperator(",") && !tokens.current().isName("in"));
        return tuple ? new TupleTarget(targets) : targets.getFirst();
    }

    private Target singleTarget(boolean namespaces) {
        if (tokens.skipOperator("(")) {
            Target inner = tokens.nested(() -> target(namespaces));
            tokens.expectOperator(")");
            return inner;
        }
        Token name = tokens.expect(Kind.NAME, "a name to assign to");
        if (!(ExpressionParser.constant(name.text()) instanceof Name)) {
            throw Tokens.error(name, "cannot assign to " + name);
        }
        if (namespaces && tokens.skipOperator(".")) {
            return new AttributeTarget(
                    name.text(),
                    tokens.expect(Kind.NAME, "the name of an attribute").text());
        }
        return new NameTarget(name.text());
    }
}
