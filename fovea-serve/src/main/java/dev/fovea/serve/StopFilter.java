package dev.fovea.serve;

import java.util.List;

/** The text of an answer up to the first of some stop texts, which OpenAI's answers do not have. One answer each. */
final class StopFilter {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    StopFilter(List<String> stops) {
        this.stops = stops;
    }

    /** @return what has become certain: no part of it can belong to a stop text */
    String add(String piece) {
        if (stopped) {
            return "";
        }
        held.append(piece);
        int end = first();
        stopped = end < held.length() && startsStop(end, true);
        String certain = held.substring(0, end);
        held.delete(0, stopped ? held.length() : end);
        return certain;
    }

    /** What was held back; the answer is over. */
    String flush() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    /** A whole text, cut. */
    String cut(String text) {
        return add(text) + flush();
    }

    /** Where a stop text begins, or what may become one; the end where none does. */
    private int first() {
        for (int i = 0; i < held.length(); i++) {
            if (startsStop(i, true)) {
                return i;
            }
        }
        for (int i = 0; i < held.length(); i++) {
            if (startsStop(i, false)) {
                return i;
            }
        }
        return held.length();
    }

    private boolean startsStop(int at, boolean whole) {
        int there = held.length() - at;
        return stops.stream()
                .anyMatch(s -> there >= s.length()
                        ? held.substring(at, at + s.length()).equals(s)
                        : !whole && s.startsWith(held.substring(at)));
    }
}
