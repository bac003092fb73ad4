package dev.fovea.net;

import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import java.io.IOException;
import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLConnection;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that curl and Python's clients use: {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY}, in
 * small letters too, with user and password where they have them. Java's own properties ({@code https.proxyHost}, …) come first.
 *
 * <p>Immutable.
 */
public final class Proxies extends ProxySelector {
    /** Java refuses passwords for tunnels unless this is set before its first client is made. */
    private static final String TUNNELS = "jdk.http.auth.tunneling.disabledSchemes";

    private static final List<String> PROPERTIES = List.of("http.proxyHost", "https.proxyHost", "socksProxyHost");
    private static final List<Proxy> DIRECT = List.of(Proxy.NO_PROXY);

    /** A right password is asked for once, and kept; of a wrong one Java would ask twenty times for each request. */
    private static final int MAX_ASKED = 4;

    /** Knows no password. */
    private static final Authenticator NOBODY = new Authenticator() {};

    private final Map<String, String> environment;
    private final Authenticator passwords = new Passwords(MAX_ASKED);

    private Proxies(Map<String, String> environment) {
        this.environment = environment;
    }

    /** A client that goes through them, in HTTP/1.1, and follows no redirect by itself. */
    public static HttpClient.Builder client(Map<String, String> environment, Duration connectTimeout) {
        HttpClient.Builder client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(connectTimeout)
                .followRedirects(HttpClient.Redirect.NEVER);
        if (areOfJava()) {
            return client;
        }
        Proxies proxies = new Proxies(Map.copyOf(environment));
        if (proxies.wantPasswords()) {
            client.authenticator(proxies.new Passwords(Integer.MAX_VALUE));
        }
        return client.proxy(proxies);
    }

    /** Those of an environment, for connections that are opened one by one. */
    public static Proxies of(Map<String, String> environment) {
        return new Proxies(Map.copyOf(environment));
    }

    /**
     * A connection that is still to be made, through them, by which one request is asked; it follows no redirect by itself, and tells
     * nobody the passwords that the application knows.
     *
     * @param uri of http or https
     * @throws OptionException where the variable that counts is no proxy that can be used
     */
    public HttpURLConnection open(URI uri) throws IOException {
        boolean areOfJava = areOfJava();
        boolean wantPasswords = !areOfJava && wantPasswords();
        URLConnection connection = areOfJava
                ? uri.toURL().openConnection()
                : uri.toURL().openConnection(select(uri).getFirst());
        if (!(connection instanceof HttpURLConnection http)) {
            throw new IllegalArgumentException("expected an address of http or https");
        }
        http.setInstanceFollowRedirects(false);
        http.setAuthenticator(wantPasswords ? passwords : NOBODY);
        return http;
    }

    /** Host and port of the proxy that connections to an address go through; empty where they go there themselves. */
    public Optional<String> before(URI uri) {
        ProxySelector selector = areOfJava() ? ProxySelector.getDefault() : this;
        return Stream.ofNullable(selector)
                .flatMap(s -> s.select(uri).stream().limit(1))
                .map(Proxy::address)
                .filter(InetSocketAddress.class::isInstance)
                .map(InetSocketAddress.class::cast)
                .map(a -> a.getHostString() + ":" + a.getPort())
                .findFirst();
    }

    private static boolean areOfJava() {
        return PROPERTIES.stream().anyMatch(p -> System.getProperty(p) != null);
    }

    /** Whether a proxy asks who comes; Java is told then, once, that it may say it. */
    private boolean wantPasswords() {
        boolean want = Stream.of("https", "http")
                .anyMatch(s -> proxy(s).filter(p -> p.getUserInfo() != null).isPresent());
        if (want && System.getProperty(TUNNELS) == null) {
            System.setProperty(TUNNELS, "");
        }
        return want;
    }

    /** @throws OptionException where the variable that counts is no proxy that can be used */
    @Override
    public List<Proxy> select(URI uri) {
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (isExempt(uri)) {
            return DIRECT;
        }
        return proxy(scheme)
                .map(p -> List.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(p.getHost(), port(p)))))
                .orElse(DIRECT);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {}

    private Optional<URI> proxy(String scheme) {
        return variable(scheme + "_proxy").or(() -> variable("all_proxy")).map(Proxies::address);
    }

    private Optional<String> variable(String name) {
        return Stream.of(name, name.toUpperCase(Locale.ROOT))
                .map(environment::get)
                .filter(value -> value != null && !value.isBlank())
                .findFirst();
    }

    private static URI address(String value) {
        URI proxy;
        try {
            proxy = URI.create(value.contains("://") ? value.strip() : "http://" + value.strip());
        } catch (IllegalArgumentException e) {
            throw unusable(value, e);
        }
        if (!"http".equalsIgnoreCase(proxy.getScheme()) || proxy.getHost() == null) {
            throw unusable(value, null);
        }
        return proxy;
    }

    private static OptionException unusable(String value, @Nullable Throwable cause) {
        String shown = value.substring(value.lastIndexOf('@') + 1);
        return new OptionException(
                "the proxy " + Quote.of(shown) + " of HTTPS_PROXY, HTTP_PROXY or ALL_PROXY cannot be used; expected"
                        + " http://[user:password@]host:port",
                "characters such as @ and : in a password are written as %40 and %3A",
                cause);
    }

    private static int port(URI proxy) {
        return proxy.getPort() < 0 ? 80 : proxy.getPort();
    }

    private boolean isExempt(URI uri) {
        String host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
        return variable("no_proxy").stream()
                .flatMap(list -> Stream.of(list.split(",")))
                .map(entry -> entry.strip().toLowerCase(Locale.ROOT))
                .anyMatch(entry -> entry.equals("*") || matches(host, uri.getPort(), entry));
    }

    /** A name stands for itself and what is below it, with or without a dot in front. */
    private static boolean matches(String host, int port, String entry) {
        int colon = entry.lastIndexOf(':');
        boolean withPort = colon > 0 && entry.substring(colon + 1).matches("\\d+") && entry.indexOf(':') == colon;
        if (withPort && Integer.parseInt(entry.substring(colon + 1)) != port) {
            return false;
        }
        String name = (withPort ? entry.substring(0, colon) : entry).replaceFirst("^\\*?\\.", "");
        return !name.isEmpty() && (host.equals(name) || host.endsWith("." + name));
    }

    /** What a proxy that asks for it gets; no other host. */
    private final class Passwords extends Authenticator {
        private final AtomicInteger left;

        Passwords(int most) {
            left = new AtomicInteger(most);
        }

        @Override
        protected @Nullable PasswordAuthentication getPasswordAuthentication() {
            if (getRequestorType() != RequestorType.PROXY || left.getAndDecrement() <= 0) {
                return null;
            }
            return Stream.of("https", "http")
                    .flatMap(scheme -> proxy(scheme).stream())
                    .filter(p -> p.getUserInfo() != null)
                    .filter(p -> p.getHost().equalsIgnoreCase(getRequestingHost()) && port(p) == getRequestingPort())
                    .map(p -> p.getRawUserInfo().split(":", 2))
                    .map(user -> new PasswordAuthentication(
                            decoded(user[0]),
                            decoded(user.length > 1 ? user[1] : "").toCharArray()))
                    .findFirst()
                    .orElse(null);
        }

        private static String decoded(String part) {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        }
    }
}
