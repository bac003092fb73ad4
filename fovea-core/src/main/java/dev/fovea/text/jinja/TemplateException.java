package dev.fovea.text.jinja;

import dev.fovea.error.InputException;

/** A template that is no Jinja, or that failed where this line says. */
final class TemplateException extends InputException {
    private static final long serialVersionUID = 1L;

    TemplateException(int line, String message) {
        super("chat template, line " + line + ": " + message);
    }

    /** What the template's own raise_exception says: its message is the answer to the user and stands first. */
    static InputException raised(int line, String message) {
        return new InputException(message + " (chat template, line " + line + ")");
    }

    /** An error of a value, thrown where no line is known; the interpreter adds it. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String text;

        Failure(String text) {
            super(text, null, false, false);
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    /** What raise_exception throws. */
    static final class Raised extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final String text;

        Raised(String text) {
            super(text, null, false, false);
            this.text = text;
        }

        String text() {
            return text;
        }
    }
}
