package dev.fovea.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The syntax tree of a template, in Jinja's own terms. */
sealed interface Node {

    /** What has a value. */
    sealed interface Expression extends Node {}

    record Constant(Object value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListLiteral(List<Expression> items) implements Expression {}

    record TupleLiteral(List<Expression> items) implements Expression {}

    record DictLiteral(List<Expression> keys, List<Expression> values) implements Expression {}

    /** {@code operand.name}: methods before keys. */
    record Attribute(Expression operand, String name) implements Expression {}

    /** {@code operand[key]}: keys before methods. */
    record Item(Expression operand, Expression key) implements Expression {}

    record Slice(Expression operand, Optional<Expression> start, Optional<Expression> stop, Optional<Expression> step)
            implements Expression {}

    /**
     * What stands in the brackets of a call.
     *
     * @param spread what is written as {@code *args}
     * @param namedSpread what is written as {@code **kwargs}
     */
    record Arguments(
            List<Expression> positional,
            Map<String, Expression> named,
            Optional<Expression> spread,
            Optional<Expression> namedSpread) {
        static final Arguments NONE = new Arguments(List.of(), Map.of(), Optional.empty(), Optional.empty());
    }

    record Call(Expression function, Arguments arguments) implements Expression {}

    record Filter(Expression operand, String name, Arguments arguments) implements Expression {}

    record Test(Expression operand, String name, Arguments arguments) implements Expression {}

    record Unary(String operator, Expression operand) implements Expression {}

    record Binary(String operator, Expression left, Expression right) implements Expression {}

    /** {@code first op operand op operand …}, each pair compared, as in Python. */
    record Comparison(Expression first, List<String> operators, List<Expression> operands) implements Expression {}

    record Concat(List<Expression> parts) implements Expression {}

    record Conditional(Expression test, Expression then, Optional<Expression> otherwise) implements Expression {}

    /** What does something. The line is where its tag stands. */
    sealed interface Statement extends Node {
        int line();
    }

    record Text(String text, int line) implements Statement {}

    record Output(Expression value, int line) implements Statement {}

    record If(Expression test, List<Statement> then, List<Statement> otherwise, int line) implements Statement {}

    record For(
            Target target,
            Expression items,
            Optional<Expression> condition,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise,
            int line)
            implements Statement {}

    record Break(int line) implements Statement {}

    record Continue(int line) implements Statement {}

    record Assign(Target target, Expression value, int line) implements Statement {}

    /**
     * What a body prints becomes a value.
     *
     * @param filter filters over {@link #CAPTURED}, or that name itself
     */
    record AssignBlock(Target target, Expression filter, List<Statement> body, int line) implements Statement {}

    record FilterBlock(Expression filter, List<Statement> body, int line) implements Statement {}

    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {}

    /** A body with its own scope and nothing else: {@code {% generation %}}. */
    record Scoped(List<Statement> body, int line) implements Statement {}

    record Macro(String name, Signature signature, List<Statement> body, int line) implements Statement {}

    record CallBlock(Call call, Signature signature, List<Statement> body, int line) implements Statement {}

    /**
     * The parameters of a macro. As in Jinja it takes more arguments than these, or a caller, only where its body names them.
     *
     * @param defaults of the last parameters
     */
    record Signature(
            List<String> parameters, List<Expression> defaults, boolean varargs, boolean kwargs, boolean caller) {}

    /** What is assigned to. */
    sealed interface Target {}

    record NameTarget(String name) implements Target {}

    record TupleTarget(List<Target> targets) implements Target {}

    record AttributeTarget(String namespace, String attribute) implements Target {}

    /** Stands for the output of a block that a filter is applied to; no template can write this name. */
    Name CAPTURED = new Name("{captured}");
}
