package dev.fovea.serve;

import dev.fovea.Pipeline;
import dev.fovea.error.FoveaException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Quote;
import dev.fovea.error.Reason;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Models over HTTP, for every client that speaks OpenAI's protocol.
 *
 * <pre>{@code
 * try (var server = FoveaServer.start(ServeOptions.DEFAULT.withPort(0), "demo")) {
 *     server.awaitReady();
 *     System.out.println(server.address()); // http://127.0.0.1:41234
 * }
 * }</pre>
 *
 * <p>Threads may share it. See docs/serve.md.
 */
public final class FoveaServer implements AutoCloseable {
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(60);
    private static final int MAX_HEADER_BYTES = 32 << 10;

    private final Service service;
    private final Front front;
    private final ClientConnections connections;
    private final WebServer web;
    private final URI address;
    private final List<CompletableFuture<Void>> opening = new ArrayList<>();
    private final List<Served> own = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    private FoveaServer(ServeOptions options, Map<String, Pipeline> open, List<String> names) {
        this.service = new Service(options);
        open.forEach((name, pipeline) -> add(name).opened(pipeline.withMedia(options.media())));
        Map<Served, String> toOpen = new LinkedHashMap<>();
        names.forEach(name -> toOpen.put(add(id(name)), model(name)));
        Routes routes = Api.routes(service);
        this.front = new Front(service, routes);
        this.connections = new ClientConnections(
                Http1ConnectionSelector.builder()
                        .config(Http1Config.builder()
                                .maxHeadersSize(MAX_HEADER_BYTES)
                                .maxPrologueLength(8 << 10)
                                .buildPrototype())
                        .build(),
                options.readerPatience());
        this.web = listen(options);
        this.address = address(options.host(), web.port());
        toOpen.forEach((served, name) -> {
            own.add(served);
            opening.add(open(served, name, options));
        });
    }

    /**
     * Listens, and opens models one after another meanwhile: {@code /ready} says when they are. They are closed with the server.
     *
     * @param models each a directory or a name as {@link dev.fovea.Hub#pull(String)} takes it, and the name in requests; or {@code
     *     NAME=MODEL} for another name. A directory's own name is that of its last folder
     * @throws OptionException where the address cannot be listened on, or two models have one name
     */
    public static FoveaServer start(ServeOptions options, String... models) {
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(models, "models");
        if (models.length == 0) {
            throw new OptionException("no model is given; expected at least one");
        }
        return new FoveaServer(options, Map.of(), List.of(models));
    }

    /**
     * Listens for models that are open already, and uses each as it is: give batched ones. They stay open when the server closes.
     *
     * @param models by their names in requests
     * @throws OptionException where the address cannot be listened on, or no model is given
     */
    public static FoveaServer start(ServeOptions options, Map<String, Pipeline> models) {
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(models, "models");
        if (models.isEmpty()) {
            throw new OptionException("no model is given; expected at least one");
        }
        return new FoveaServer(options, models, List.of());
    }

    private Served add(String name) {
        if (service.models().stream().anyMatch(m -> m.id().equals(name))) {
            throw new OptionException(
                    "two models have the name " + Quote.of(name), "give one another name: NAME=MODEL");
        }
        Served served = new Served(name, service.options().batch());
        service.add(served);
        return served;
    }

    private static String id(String named) {
        int sign = sign(named);
        if (sign == 0) {
            throw new OptionException("the model " + Quote.of(named) + " gets no name; expected NAME=MODEL");
        }
        if (sign > 0) {
            return named.substring(0, sign);
        }
        // A path says where things lie on this machine.
        Path folder = Files.isDirectory(Path.of(named))
                ? Path.of(named).toAbsolutePath().normalize()
                : null;
        return folder == null || folder.getFileName() == null
                ? named
                : folder.getFileName().toString();
    }

    private static String model(String named) {
        return named.substring(sign(named) + 1);
    }

    /** Where a name ends that is given; -1 where none is. A folder may have the sign in its own. */
    private static int sign(String named) {
        return Files.isDirectory(Path.of(named)) ? -1 : named.indexOf('=');
    }

    private WebServer listen(ServeOptions options) {
        InetAddress address = address(options);
        WebServer server = WebServer.builder()
                .host(options.host())
                .address(address)
                .port(options.port())
                .backlog(4096)
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(1))
                .maxTcpConnections(options.maxConnections())
                .maxPayloadSize(Math.max(options.maxBodyBytes(), options.maxFileBytes() + (1 << 16)))
                .connectionOptions(o -> o.readTimeout(READ_TIMEOUT).tcpNoDelay(true))
                .protocolsDiscoverServices(false) // a second one would read what ours is to read
                .addConnectionSelector(connections)
                .useNio(false) // its reads have no timeout
                .directHandlers(refusals())
                .routing(HttpRouting.builder().any(front::handle))
                .build();
        server.start();
        if (!server.isRunning()) {
            connections.close();
            throw new OptionException("cannot listen on " + Quote.of(options.host()) + ":" + options.port());
        }
        return server;
    }

    /** Tries the address, since Helidon does not say what is wrong with one. */
    private static InetAddress address(ServeOptions options) {
        String where = Quote.of(options.host()) + ":" + options.port();
        try (ServerSocket trial = new ServerSocket()) {
            InetAddress address = InetAddress.getByName(options.host());
            trial.setReuseAddress(true);
            trial.bind(new InetSocketAddress(address, options.port()));
            return address;
        } catch (UnknownHostException e) {
            throw new OptionException("cannot listen on " + where + ": no host of this name was found", "", e);
        } catch (IOException e) {
            throw new OptionException(
                    "cannot listen on " + where + ": " + reason(e),
                    "choose another port, or end what listens there",
                    e);
        }
    }

    private static String reason(IOException e) {
        return String.valueOf(e.getMessage()).contains("in use") ? "the port is in use" : Reason.of(e);
    }

    private static DirectHandlers refusals() {
        DirectHandlers.Builder all = DirectHandlers.builder();
        for (DirectHandler.EventType event : DirectHandler.EventType.values()) {
            all.addHandler(event, FoveaServer::refuse);
        }
        return all.build();
    }

    /** What breaks the rules of HTTP, or of this server, before there is a request. */
    private static DirectHandler.TransportResponse refuse(
            DirectHandler.TransportRequest request,
            DirectHandler.EventType event,
            Status status,
            ServerResponseHeaders headers,
            String message) {
        String words = switch (status.code()) {
            case 413 -> "the request is larger than this server takes";
            case 431 -> "the request's headers are larger than this server takes";
            case 500 -> "the server failed";
            default -> "the request is no sound HTTP";
        };
        Problem problem = new Problem(status.code(), Problem.INVALID, null, "bad_request", words);
        return DirectHandler.TransportResponse.builder()
                .status(status)
                .headers(headers)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .entity(problem.json())
                .build();
    }

    private CompletableFuture<Void> open(Served served, String name, ServeOptions options) {
        CompletableFuture<Void> before =
                opening.isEmpty() ? CompletableFuture.completedFuture(null) : opening.getLast();
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("fovea-serve-open").start(() -> {
            before.exceptionally(_ -> null).join();
            try {
                Pipeline pipeline =
                        Pipeline.of("image-text-to-text", name, options.load()).batched(options.batch());
                served.opened(pipeline.withMedia(options.media()));
                if (closed.get()) {
                    served.close();
                }
                options.log().accept("model=" + Quote.of(served.id()) + " is open");
                done.complete(null);
            } catch (Throwable e) { // who waits for it has to hear of it, whatever it is
                served.failed(e);
                options.log()
                        .accept("model=" + Quote.of(served.id()) + " cannot be opened: "
                                + (e instanceof FoveaException f
                                        ? f.getMessage()
                                        : e.getClass().getName()));
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /** Where it listens. */
    public URI address() {
        return address;
    }

    private static URI address(String host, int port) {
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port);
    }

    /** Whether all models are open. */
    public boolean isReady() {
        return service.models().stream().allMatch(Served::isReady);
    }

    /**
     * Waits until all models are open.
     *
     * @throws FoveaException why one cannot be opened
     */
    public void awaitReady() {
        for (CompletableFuture<Void> one : opening) {
            try {
                one.get();
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case RuntimeException r -> throw r;
                    case Error error -> throw error;
                    case null, default -> throw new IllegalStateException("opening throws nothing checked", e);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new NetworkException("opening the models was interrupted", "", e);
            }
        }
    }

    /** Takes no further requests, waits for running answers as long as its grace allows, and closes the models that it opened. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        front.close();
        long end = System.nanoTime() + service.options().grace().toNanos();
        try {
            while (front.running() > 0 && System.nanoTime() < end) {
                Thread.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        web.stop();
        connections.close();
        service.close();
        own.forEach(Served::close);
    }
}
