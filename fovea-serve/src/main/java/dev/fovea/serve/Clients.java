package dev.fovea.serve;

import dev.fovea.error.OptionException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** The clients, told apart by what they send. Secrets are kept as sums, which are compared in constant time. */
final class Clients {
    /** Who asks, where no keys are asked for. */
    private static final String ANYBODY = "anybody";

    /** A client, and how many of its requests are being handled. */
    static final class Client {
        private final String name;
        private final int limit;
        private final byte[] sum;
        private final AtomicInteger requests = new AtomicInteger();

        private Client(String name, int limit, byte[] sum) {
            this.name = name;
            this.limit = limit;
            this.sum = sum;
        }

        String name() {
            return name;
        }

        /** @throws Problem where it has as many as it may have */
        void begin() {
            if (requests.incrementAndGet() > limit) {
                requests.decrementAndGet();
                throw Problem.busy(
                        "the API key " + name + " has " + limit + " requests at once, which is its limit", 1);
            }
        }

        void end() {
            requests.decrementAndGet();
        }
    }

    private final List<Client> clients = new ArrayList<>();
    private final Client anybody = new Client(ANYBODY, ApiKey.UNLIMITED, new byte[0]);

    Clients(List<ApiKey> keys) {
        Set<String> names = new HashSet<>();
        Map<String, String> owners = new HashMap<>();
        for (ApiKey key : keys) {
            String owner = owners.putIfAbsent(key.secret(), key.name());
            if (owner != null && !owner.equals(key.name())) {
                throw new OptionException("the clients " + owner + " and " + key.name()
                        + " have the same API key; expected one each, by which they are told apart");
            }
            if (!names.add(key.name())) {
                throw new OptionException("two API keys have the name " + key.name() + "; expected one each");
            }
            clients.add(new Client(key.name(), key.requestsAtOnce(), sum(key.secret())));
        }
    }

    /** Whether a key is asked for at all. */
    boolean haveKeys() {
        return !clients.isEmpty();
    }

    Client anybody() {
        return anybody;
    }

    /**
     * Who sent a request.
     *
     * @param authorization the header
     * @throws Problem where a key is needed, and it is missing or wrong
     */
    Client of(Optional<String> authorization) {
        if (!haveKeys()) {
            return anybody;
        }
        String given = authorization
                .filter(h -> h.regionMatches(true, 0, "Bearer ", 0, 7))
                .map(h -> h.substring(7).strip())
                .orElseThrow(() -> refused("this server asks for an API key: Authorization: Bearer KEY"));
        byte[] sum = sum(given);
        Optional<Client> found = Optional.empty();
        for (Client client : clients) {
            // All are compared, so that the time does not say which one was nearly right.
            if (MessageDigest.isEqual(client.sum, sum)) {
                found = Optional.of(client);
            }
        }
        return found.orElseThrow(() -> refused("the API key is none of this server's"));
    }

    private static Problem refused(String message) {
        return new Problem(401, Problem.INVALID, null, "invalid_api_key", message);
    }

    private static byte[] sum(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
