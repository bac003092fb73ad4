package dev.fovea.app.cli;

/** Who talks to the model: somebody at a terminal, or a script. */
interface Prompter extends AutoCloseable {
    /** The prompt of an entry's further lines. */
    String CONTINUED = ". ";

    /** Waits for the next entry. */
    Typed read(String prompt);

    /**
     * Runs something that takes long.
     *
     * @param stop called, on any thread, when whoever waits has had enough (Ctrl-C); the action then ends by itself
     */
    void interruptibly(Runnable action, Runnable stop);

    @Override
    void close();
}
