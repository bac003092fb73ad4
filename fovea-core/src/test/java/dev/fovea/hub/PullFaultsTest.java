package dev.fovea.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import dev.fovea.Hub;
import dev.fovea.error.FoveaException;
import dev.fovea.error.InputException;
import dev.fovea.error.NetworkException;
import dev.fovea.error.OptionException;
import dev.fovea.error.Warnings;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What servers, networks and disks do wrong: the bytes are right in the end, or one line says what is wrong. */
class PullFaultsTest {
    private static final String NAME = "org/model";
    private static final String FILE = "model.safetensors";

    @TempDir
    Path home;

    private final List<String> warnings = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private HubServer server;
    private HubServer.Repo repo;
    private byte[] weights;

    @BeforeEach
    void publish() throws IOException {
        server = new HubServer();
        weights = new byte[(9 << 20) + 1];
        new Random(7).nextBytes(weights);
        repo = server.repo(NAME)
                .file("config.json", "{\"model_type\": \"qwen3\"}")
                .file("tokenizer.json", "{}")
                .file(FILE, weights);
        environment.put("HF_ENDPOINT", server.address());
        environment.put("HF_HOME", home.toString());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private PullOptions options() {
        return PullOptions.DEFAULT
                .withEnvironment(environment)
                .withWarnings(Warnings.to(warnings::add))
                .withFirstWait(Duration.ofMillis(5));
    }

    private void pulls() {
        isWhole(Hub.pull(NAME, options()).resolve(FILE));
        assertThat(partials()).isEmpty();
    }

    private List<Path> partials() {
        try (var blobs = Files.list(home.resolve("hub/models--org--model/blobs"))) {
            return blobs.filter(f -> f.toString().endsWith(HubStore.PARTIAL)).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private void refuses(Class<? extends FoveaException> type, String... parts) {
        assertThatExceptionOfType(type)
                .isThrownBy(() -> Hub.pull(NAME, options()))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts).doesNotContain("hf_good", "hf_bad"));
    }

    private void isWhole(Path file) {
        try {
            assertThat(Arrays.equals(Files.readAllBytes(file), weights))
                    .as(file + " is as published")
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Does it to the first so many requests that the other faults leave. */
    private void fault(int times, HubServer.Fault fault) {
        AtomicInteger left = new AtomicInteger(times);
        server.faults.add((exchange, ofStore) -> {
            // Counted before it answers: the client asks again as soon as it has the answer.
            boolean mine = left.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
            if (mine && !fault.takes(exchange, ofStore)) {
                left.incrementAndGet();
                return false;
            }
            return mine;
        });
    }

    // ----------------------------------------------------------------------------------------------------- the way

    /** Announces all that is asked for, and breaks off in the middle. */
    private boolean cut(HttpExchange exchange, boolean ofStore) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (!ofStore || range == null) {
            return false;
        }
        String[] ends = range.substring("bytes=".length()).split("-");
        int from = Integer.parseInt(ends[0]);
        int to = Integer.parseInt(ends[1]) + 1;
        exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + weights.length);
        exchange.sendResponseHeaders(206, to - from);
        OutputStream body = exchange.getResponseBody();
        body.write(weights, from, (to - from) / 2);
        body.flush();
        return true;
    }

    @Test
    void goesOnWhereAConnectionBreaksOff() {
        fault(30, this::cut);
        pulls();
        assertThat(warnings).isEmpty();
    }

    @Test
    void waitsAsTheServerAsks() {
        fault(2, (exchange, ofStore) -> {
            exchange.getResponseHeaders().add("Retry-After", "1");
            HubServer.refuse(exchange, 429, "", "slow down");
            return true;
        });
        fault(3, (exchange, ofStore) -> {
            HubServer.refuse(exchange, ofStore ? 503 : 502, "", "");
            return true;
        });
        long start = System.nanoTime();
        pulls();
        assertThat(System.nanoTime() - start)
                .isGreaterThan(Duration.ofSeconds(1).toNanos());
    }

    @Test
    void doesNotWaitForHours() {
        fault(1, (exchange, ofStore) -> {
            exchange.getResponseHeaders().add("RateLimit", "\"api\";r=0;t=7200");
            HubServer.refuse(exchange, 429, "", "");
            return true;
        });
        refuses(NetworkException.class, "busy", "7201 s", "HF_TOKEN");
    }

    @Test
    void asksTheHubAgainWhereAnAddressHasExpired() {
        fault(3, (exchange, ofStore) -> {
            if (ofStore) {
                HubServer.refuse(exchange, 403, "", "Request has expired");
            }
            return ofStore;
        });
        pulls();
    }

    @Test
    void takesAllOfAServerThatKnowsNoRanges() {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                HubServer.sendWhole(exchange, weights);
            }
            return ofStore;
        });
        pulls();
    }

    @Test
    void asksForEachFileWhereTheServerListsNamesAlone() {
        server.namesAlone = true;
        pulls();
        assertThat(home.resolve("hub/models--org--model/blobs/" + HubServer.sha("SHA-256", weights)))
                .exists();
    }

    @Test
    void givesUpWhereNothingComes() {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                HubServer.refuse(exchange, 500, "", "");
            }
            return ofStore;
        });
        refuses(NetworkException.class, "HTTP status 500", FILE);
    }

    @Test
    void givesUpWhereTheSameBytesComeAgainAndAgain() {
        AtomicInteger asked = new AtomicInteger();
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                asked.incrementAndGet();
                exchange.sendResponseHeaders(200, weights.length);
                exchange.getResponseBody().write(weights, 0, weights.length / 2);
                exchange.getResponseBody().flush();
            }
            return ofStore;
        });
        refuses(NetworkException.class, "the connection broke off");
        assertThat(asked).hasValueLessThan(30);
    }

    @Test
    void refusesAPageInPlaceOfAFile() {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                HubServer.sendWhole(exchange, new byte[15]);
            }
            return ofStore;
        });
        refuses(NetworkException.class, "it should have " + weights.length + " bytes, and its server has 15");
    }

    // ---------------------------------------------------------------------------------------------------- the bytes

    @Test
    void fetchesDamagedBytesAgainAndRefusesThemTwice() {
        fault(1, (exchange, ofStore) -> {
            if (ofStore) {
                byte[] damaged = weights.clone();
                damaged[0]++;
                HubServer.send(exchange, damaged, Map.of());
                return true;
            }
            return false;
        });
        Hub.pull(NAME, options().withConnections(1));
        assertThat(warnings).singleElement().asString().contains(FILE, "fetched again");
        isWhole(home.resolve("hub/models--org--model/blobs/" + HubServer.sha("SHA-256", weights)));
        assertThat(server.storeRequests).filteredOn(r -> r.startsWith("GET")).hasSize(2);
    }

    /** Not twice, as from a server that does not know ranges: a second answer would be written over the one whose sum is taken. */
    @Test
    void asksOnceForAFileInOnePart() {
        Hub.pull(NAME, options().withConnections(1));
        assertThat(server.storeRequests).filteredOn(r -> r.startsWith("GET")).hasSize(1);
    }

    @Test
    void refusesBytesThatStayDamaged() {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                HubServer.send(exchange, new byte[weights.length], Map.of());
            }
            return ofStore;
        });
        refuses(NetworkException.class, "are not what the hub says they are", "twice");
        assertThat(home.resolve("hub/models--org--model/blobs/" + HubServer.sha("SHA-256", weights)))
                .doesNotExist();
    }

    @Test
    void refusesAFileThatHasAnotherLength() {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                HubServer.send(exchange, java.util.Arrays.copyOf(weights, weights.length - 1), Map.of());
            }
            return ofStore;
        });
        refuses(NetworkException.class, "it should have " + weights.length + " bytes");
    }

    private void stopBehindTheFirstPart() {
        server.faults.add((exchange, ofStore) -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            if (ofStore && range != null && !range.startsWith("bytes=0-")) {
                HubServer.refuse(exchange, 500, "", "");
                return true;
            }
            return false;
        });
        refuses(NetworkException.class, "HTTP status 500");
    }

    @Test
    void fetchesAFileThatChangedBetweenTwoTriesFromItsBeginning() {
        stopBehindTheFirstPart();
        assertThat(partials()).isNotEmpty();
        server.faults.clear();
        weights = weights.clone();
        new Random(8).nextBytes(weights);
        repo.file(FILE, weights);
        isWhole(Hub.pull(NAME, options()).resolve(FILE));
    }

    @Test
    void resumesWhereAnEarlierTryStopped() {
        stopBehindTheFirstPart();
        server.faults.clear();
        server.storeRequests.clear();
        List<PullProgress> told = new ArrayList<>();
        Hub.pull(NAME, options().withListener(told::add));
        assertThat(told.getLast().totalBytes()).as("what was missing").isLessThan(weights.length);
        pulls();
    }

    // -------------------------------------------------------------------------------------------------- a proxy

    /** Nobody knows the hub's name but the proxy. */
    @Test
    void goesThroughAProxy() {
        environment.put("HF_ENDPOINT", "http://hub.invalid");
        environment.put("HTTP_PROXY", server.address());
        environment.put("NO_PROXY", "127.0.0.1"); // where the files' store is
        pulls();
    }

    @Test
    void namesTheProxyThatWantsAPassword() {
        server.faults.add((exchange, _) -> {
            exchange.getResponseHeaders().add("Proxy-Authenticate", "Basic realm=\"proxy\"");
            exchange.sendResponseHeaders(407, -1);
            return true;
        });
        environment.put("HF_ENDPOINT", "http://hub.invalid");
        environment.put("HTTP_PROXY", server.address());
        refuses(
                NetworkException.class,
                "the proxy " + server.address().substring("http://".length()) + " wants a user and password");
    }

    @Test
    void saysThatAProxyCannotBeUsed() {
        environment.put("HTTP_PROXY", "socks5://me:secret@proxy.invalid:1080");
        refuses(OptionException.class, "the proxy proxy.invalid:1080 of HTTPS_PROXY", "cannot be used");
    }

    // --------------------------------------------------------------------------------------------------- the disk

    @Test
    void looksAtTheDiskFirst() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull(NAME, options().withFreeBytes(_ -> 1 << 20)))
                .withMessageContainingAll("9 MB are missing", "1 MB free", "MB of which are left to others", "HF_HOME");
        assertThat(server.storeRequests).isEmpty();
    }

    @Test
    void worksWithoutLinks() throws IOException {
        environment.put("HF_HUB_DISABLE_SYMLINKS", "1");
        Path directory = Hub.pull(NAME, options());
        isWhole(directory.resolve(FILE));
        assertThat(Files.isSymbolicLink(directory.resolve(FILE))).isFalse();
        server.storeRequests.clear();
        pulls();
        assertThat(server.storeRequests).isEmpty();
    }

    // -------------------------------------------------------------------------------------------------- the company

    /** Though the server is silent, and would be believed for an hour. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsAtOnceWhereItsThreadIsInterrupted(boolean silentStore) throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        server.faults.add((exchange, ofStore) -> {
            if (ofStore == silentStore) {
                asked.countDown();
                try {
                    over.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return false;
        });
        environment.put("HF_HUB_DOWNLOAD_TIMEOUT", "3600");
        List<String> said = new CopyOnWriteArrayList<>();
        Thread pull = Thread.ofPlatform().start(() -> {
            try {
                Hub.pull(NAME, options());
            } catch (NetworkException e) {
                said.add(e.getMessage());
            }
        });
        asked.await();
        pull.interrupt();
        boolean ended = pull.join(Duration.ofMinutes(1));
        over.countDown();
        assertThat(ended).isTrue();
        assertThat(said).singleElement().asString().contains("the download was interrupted");
    }

    @Test
    void severalAtOnceFetchItOnce() {
        List<CompletableFuture<Path>> pulls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            pulls.add(CompletableFuture.supplyAsync(
                    () -> Hub.pull(NAME, options()), r -> Thread.ofPlatform().start(r)));
        }
        pulls.forEach(p -> isWhole(p.join().resolve(FILE)));
        assertThat(server.storeRequests.stream().filter(r -> r.startsWith("GET")))
                .hasSize(3);
    }

    // ------------------------------------------------------------------------------------------------------- the user

    @Test
    void tellsTheTokenToTheHubAlone() {
        environment.put("HF_TOKEN", " hf_good\n");
        repo.isPrivate = true;
        pulls();
        assertThat(server.hubRequests).isNotEmpty().allMatch(r -> r.endsWith("*"));
        assertThat(server.storeRequests).isNotEmpty().noneMatch(r -> r.endsWith("*"));
    }

    @Test
    void readsTheTokenWhereHuggingFacesOwnToolKeepsIt() throws IOException {
        repo.isPrivate = true;
        Files.writeString(home.resolve("stored_tokens"), "[work]\nhf_token = hf_good\n\n[play]\nhf_token = hf_bad\n");
        Hub.pull(NAME, options().withStoredToken("work"));
        assertThatExceptionOfType(OptionException.class)
                .isThrownBy(() -> options().withStoredToken("other"))
                .withMessageContainingAll("other", "known: work, play")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hf_"));
        Files.writeString(home.resolve("token"), "hf_good\n");
        pulls();
    }

    @Test
    void saysWhatToDoAboutAGate() {
        repo.isGated = true;
        refuses(InputException.class, "gated", server.address() + "/" + NAME, "/settings/tokens", "HF_TOKEN");
    }

    @Test
    void saysWhatToDoAboutATokenThatTheGateDoesNotKnow() {
        environment.put("HF_TOKEN", "hf_good");
        server.faults.add((exchange, ofStore) -> {
            boolean file = exchange.getRequestURI().getPath().contains("/resolve/");
            if (file) {
                HubServer.refuse(exchange, 403, "GatedRepo", "not in the authorized list");
            }
            return file;
        });
        refuses(InputException.class, "gated", "the token of HF_TOKEN has no access", "accept its terms at");
    }

    @Test
    void saysThatATokenIsWrong() {
        environment.put("HF_TOKEN", "hf_bad");
        refuses(OptionException.class, "does not accept the token of HF_TOKEN");
    }

    @Test
    void saysWhatIsMissing() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull("org/nothing", options()))
                .withMessageContainingAll("there is no model org/nothing", "or it is private", "HF_TOKEN");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull(NAME + "@v9", options()))
                .withMessageContainingAll("has no revision v9", "/tree/main");
        assertThat(home.resolve("hub")).doesNotExist();
    }

    @Test
    void followsARenamedModelAndSaysSo() {
        server.renamed.put("org/former", NAME);
        isWhole(Hub.pull("org/former", options()).resolve(FILE));
        assertThat(warnings).containsExactly("org/former is called org/model now");
    }

    @Test
    void namesWhatFoveaDoesNotReadBeforeItIsFetched() {
        server.repo("a/gguf").file("model-q4.gguf", "GGUF");
        server.repo("a/hqq")
                .file(
                        "config.json",
                        "{\"model_type\": \"qwen3\", \"quantization_config\": {\"quant_method\": \"hqq\", \"bits\": 4}}")
                .file(FILE, "x");
        server.repo("a/mlx")
                .file("config.json", "{\"model_type\": \"qwen3\", \"quantization\": {\"bits\": 4}}")
                .file(FILE, "x");
        server.repo("a/onnx").file("config.json", "{\"model_type\": \"qwen3\"}").file("onnx/model.onnx", "x");
        server.repo("a/lora")
                .file("adapter_config.json", "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"b/base\"}")
                .file("adapter_model.safetensors", "x");
        server.repo("a/other")
                .file("config.json", "{\"model_type\": \"mamba9\"}")
                .file(FILE, "x");
        Map.of(
                        "a/gguf", "GGUF",
                        "a/hqq", "hqq, 4 bits",
                        "a/mlx", "MLX, 4 bits",
                        "a/onnx", "ONNX",
                        "a/lora", "LORA adapter for b/base",
                        "a/other", "\"mamba9\"")
                .forEach((name, said) -> assertThatExceptionOfType(InputException.class)
                        .as(name)
                        .isThrownBy(() -> Hub.pull(name, options()))
                        .withMessageContainingAll(name, said));
        assertThat(server.storeRequests).isEmpty();
        assertThat(home.resolve("hub")).doesNotExist();
    }

    @Test
    void offlineNobodyIsAsked() {
        pulls();
        server.hubRequests.clear();
        environment.put("HF_HUB_OFFLINE", "1");
        pulls();
        assertThat(server.hubRequests).isEmpty();
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull("org/nothing", options()))
                .withMessageContainingAll("the cache does not hold org/nothing", "HF_HUB_OFFLINE forbids");
    }

    @Test
    void aLengthThatIsNoNumberSaysNothing() throws IOException {
        server.faults.add((exchange, ofStore) -> {
            if (ofStore) {
                exchange.getResponseHeaders().set("Content-Length", "many");
                exchange.sendResponseHeaders(200, 0); // in chunks, which count alone
                exchange.getResponseBody().write(weights);
                exchange.close();
            }
            return ofStore;
        });
        pulls();
    }

    /** Compressed though not asked for: texts and whole files are read, parts of files are refused by name. */
    @Test
    void whatIsCompressedOnItsWay() throws IOException {
        String page = "{\"model_type\": \"qwen3\", \"pad\": \"" + "x".repeat(10_000) + "\"}";
        weights = Arrays.copyOf(weights, 100_000);
        repo.file("config.json", page).file(FILE, weights);
        server.compression = "br";
        refuses(NetworkException.class, "what comes is compressed (Content-Encoding br), which was not asked for");
        server.compression = "x-gzip"; // which it is not
        refuses(NetworkException.class, "its compressed data are damaged");
        server.compression = "gzip";
        pulls();
        assertThat(home.resolve("hub/models--org--model/snapshots/" + repo.commit() + "/config.json"))
                .hasContent(page);
    }

    @Test
    void partsOfCompressedBytesAreRefused() {
        server.compression = "gzip";
        repo.file(FILE, new byte[40 << 20]);
        refuses(NetworkException.class, "what comes is compressed (Content-Encoding gzip), which was not asked for");
    }

    /** Of what Python began, with and without a list of the files. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void offlineAPartOfAModelIsRefused(boolean listed) throws IOException {
        Path directory = Hub.pull(NAME, options());
        Files.delete(directory.resolve(FILE));
        if (!listed) {
            Files.delete(directory.resolve("../../.fovea/" + repo.commit() + ".json"));
        }
        environment.put("HF_HUB_OFFLINE", "1");
        String[] said = {
            "not all that org/model is opened from",
            "HF_HUB_OFFLINE forbids",
            listed ? FILE + " is missing" : "has no weights"
        };
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Hub.pull(NAME, options()))
                .withMessageContainingAll(said)
                .satisfies(e -> assertThat(e.hint()).contains("unset HF_HUB_OFFLINE"));
        assertThat(Hub.pull(NAME, options().withWeights(false))).isEqualTo(directory);
        if (listed) {
            assertThat(warnings).as("of a processor that is here whole").isEmpty();
        } else {
            assertThat(warnings).singleElement().asString().contains(said);
        }
    }

    @Test
    void aHubThatDoesNotAnswerDoesNotStopWhoHasAll() {
        pulls();
        server.close();
        pulls();
        assertThat(warnings).singleElement().asString().contains("what is here is used", "refuses the connection");
    }
}
