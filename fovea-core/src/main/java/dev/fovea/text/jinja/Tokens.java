package dev.fovea.text.jinja;

import dev.fovea.text.jinja.Lexer.Kind;
import dev.fovea.text.jinja.Lexer.Token;
import java.util.List;
import java.util.function.Supplier;

/** The tokens of a template and how far they are read. */
final class Tokens {
    private static final int MAX_DEPTH = 100;

    private final List<Token> tokens;
    private int position;
    private int depth;

    Tokens(String source) {
        this.tokens = Lexer.tokens(source);
    }

    Token current() {
        return tokens.get(position);
    }

    /** The token after the current one. */
    Token following() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    /** The end is never passed. */
    Token next() {
        Token token = current();
        if (token.kind() != Kind.END) {
            position++;
        }
        return token;
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        position += found ? 1 : 0;
        return found;
    }

    boolean skipOperator(String operator) {
        boolean found = current().isOperator(operator);
        position += found ? 1 : 0;
        return found;
    }

    Token expect(Kind kind, String what) {
        if (current().kind() != kind) {
            throw error("unexpected " + current() + "; expected " + what);
        }
        return next();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw error("unexpected " + current() + "; expected '" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw error("unexpected " + current() + "; expected '" + name + "'");
        }
    }

    void endBlock() {
        expect(Kind.BLOCK_END, "'%}'");
    }

    /** Reads what stands one level deeper. */
    <T> T nested(Supplier<T> inner) {
        if (++depth > MAX_DEPTH) {
            throw error("nested more than " + MAX_DEPTH + " levels deep");
        }
        T result = inner.get();
        depth--;
        return result;
    }

    TemplateException error(String message) {
        return error(current(), message);
    }

    static TemplateException error(Token at, String message) {
        return new TemplateException(at.line(), message);
    }
}
