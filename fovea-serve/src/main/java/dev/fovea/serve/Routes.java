package dev.fovea.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which path is answered by what. */
final class Routes {
    /**
     * A route.
     *
     * @param path with {@code {name}} for one segment that differs, and {@code {name...}} for the rest
     * @param open whether it is answered without an API key
     */
    record Route(String method, String path, boolean open, Handler handler) {
        /** A HEAD is a GET whose body is not sent. */
        List<String> methods() {
            return method.equals("GET") ? List.of("GET", "HEAD") : List.of(method);
        }

        boolean takes(String asked) {
            return methods().contains(asked);
        }

        /** What stands in the places of this route's path, if the path is one of its. */
        Optional<Map<String, String>> match(String asked) {
            String[] pattern = path.split("/", -1);
            String[] given = asked.split("/", path.endsWith("...}") ? pattern.length : -1);
            if (pattern.length != given.length) {
                return Optional.empty();
            }
            Map<String, String> places = new LinkedHashMap<>();
            for (int i = 0; i < pattern.length; i++) {
                if (pattern[i].startsWith("{") && !given[i].isEmpty()) {
                    places.put(pattern[i].replaceAll("[{}.]", ""), given[i]);
                } else if (!pattern[i].equals(given[i])) {
                    return Optional.empty();
                }
            }
            return Optional.of(places);
        }
    }

    private final List<Route> all = new ArrayList<>();

    void add(String method, String path, Handler handler) {
        all.add(new Route(method, path, false, handler));
    }

    /** A route that is answered without an API key. */
    void addOpen(String method, String path, Handler handler) {
        all.add(new Route(method, path, true, handler));
    }

    List<Route> all() {
        return all;
    }
}
