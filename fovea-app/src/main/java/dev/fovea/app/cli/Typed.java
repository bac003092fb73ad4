package dev.fovea.app.cli;

import java.util.List;

/** What somebody did at the prompt. */
sealed interface Typed {
    String FENCE = "\"\"\"";

    /**
     * A message or command.
     *
     * @param raw as typed, in one or several lines
     */
    record Entry(String raw) implements Typed {
        /** Whether nothing has to follow: no backslash at the end, no open fence. */
        boolean isComplete() {
            List<String> lines = raw.lines().toList();
            return isFenced(lines) ? lines.size() > 1 && lines.getLast().strip().equals(FENCE) : !raw.endsWith("\\");
        }

        /** What is meant: without fences, without the backslashes that continue a line. */
        String text() {
            List<String> lines = raw.lines().toList();
            if (!isFenced(lines)) {
                return raw.replace("\\\n", "\n").strip();
            }
            return String.join("\n", lines.subList(1, isComplete() ? lines.size() - 1 : lines.size()));
        }

        /** Whether it is text whatever it begins with. */
        boolean isVerbatim() {
            return isFenced(raw.lines().toList());
        }

        private static boolean isFenced(List<String> lines) {
            return !lines.isEmpty() && lines.getFirst().strip().equals(FENCE);
        }
    }

    /**
     * Ctrl-C.
     *
     * @param discarded what stood in the line
     */
    record Interrupt(String discarded) implements Typed {}

    /** Ctrl-D, or no more input. */
    record End() implements Typed {}
}
