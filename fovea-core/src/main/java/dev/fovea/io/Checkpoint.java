package dev.fovea.io;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds and opens the weight files of a directory: one file, or shards with an index. */
final class Checkpoint {
    /** In transformers' order: a directory that has both is read from the first. */
    private static final List<Checkpoint> FORMATS = List.of(
            new Checkpoint("model.safetensors", ".safetensors", Safetensors::open),
            new Checkpoint("pytorch_model.bin", ".bin", PytorchBin::open));

    private static final Pattern OTHER_FORMATS = Pattern.compile(
            ".*\\.(bin|gguf|ggml|onnx|h5|msgpack|pth|pt|ckpt|npz|nemo|mlmodel|safetensors)", Pattern.CASE_INSENSITIVE);

    private final String single;
    private final String index;
    private final String extension;
    private final Function<Path, WeightFile> opener;

    /** Plain names only: an index must not reach out of its directory. */
    private final Pattern shardName;

    private Checkpoint(String single, String extension, Function<Path, WeightFile> opener) {
        this.single = single;
        this.index = single + ".index.json";
        this.extension = extension;
        this.opener = opener;
        this.shardName = Pattern.compile("(?!.*\\.\\.)[\\w.+ -]+" + Pattern.quote(extension));
    }

    /** @throws InputException as {@link ModelDirectory#openWeights} says */
    static List<WeightFile> open(Path directory) {
        for (Checkpoint format : FORMATS) {
            if (Files.exists(directory.resolve(format.single))) {
                return List.of(format.opener.apply(directory.resolve(format.single)));
            }
            if (Files.exists(directory.resolve(format.index))) {
                return format.openShards(directory);
            }
        }
        throw noWeights(directory);
    }

    private static InputException noWeights(Path directory) {
        for (Checkpoint format : FORMATS) {
            if (Files.exists(directory.resolve(format.single), LinkOption.NOFOLLOW_LINKS)) {
                return new InputException(directory.resolve(format.single) + " is a link to a file that is not there");
            }
        }
        List<String> others = files(directory, OTHER_FORMATS.asMatchPredicate());
        return others.isEmpty()
                ? new InputException(
                        directory + " has no weights; found " + ModelDirectory.listing(directory),
                        ModelDirectory.SUPPORTED)
                : new InputException(
                        directory + " has its weights in a format that is not read: " + String.join(", ", others),
                        ModelDirectory.SUPPORTED);
    }

    private static List<String> files(Path directory, Predicate<String> names) {
        try (var files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString())
                    .filter(names)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InputException("cannot list " + directory + ": " + e, "", e);
        }
    }

    // ---------------------------------------------------------------------------------------------------- shards

    /** Tensor name to shard name, every shard name checked. */
    private Map<String, String> weightMap(Path file) {
        Map<String, String> result = new LinkedHashMap<>();
        String what = file + ": weight_map";
        Json.object(Json.parseObject(file).get("weight_map"), what).forEach((tensor, shard) -> {
            if (!(shard instanceof String s) || !shardName.matcher(s).matches()) {
                throw new InputException(what + " puts " + Json.write(tensor) + " into " + Json.write(shard)
                        + "; expected the name of a " + extension + " file in the same directory");
            }
            result.put(tensor, s);
        });
        if (result.isEmpty()) {
            throw new InputException(what + " is empty; expected tensor names with their shards");
        }
        return result;
    }

    private List<WeightFile> openShards(Path directory) {
        Map<String, String> weightMap = weightMap(directory.resolve(index));
        Set<String> shards = new TreeSet<>(weightMap.values());
        requireAllThere(directory, shards);
        List<WeightFile> opened = new ArrayList<>();
        try {
            for (String shard : shards) {
                WeightFile file = opener.apply(directory.resolve(shard));
                opened.add(file);
                requireAgreement(file, shard, weightMap);
            }
            return List.copyOf(opened);
        } catch (RuntimeException e) {
            opened.forEach(WeightFile::close);
            throw e;
        }
    }

    private void requireAllThere(Path directory, Set<String> shards) {
        List<String> missing = shards.stream()
                .filter(s -> !Files.isRegularFile(directory.resolve(s)))
                .toList();
        if (!missing.isEmpty()) {
            throw new InputException(
                    directory + " lacks " + missing.size() + " of the " + shards.size() + " shards that " + index
                            + " names: " + String.join(", ", missing) + "; found " + sizes(directory, shards),
                    "the download is incomplete: run it again");
        }
    }

    private static String sizes(Path directory, Set<String> shards) {
        String there = shards.stream()
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .map(f -> f.getFileName() + " (" + f.toFile().length() + " bytes)")
                .collect(Collectors.joining(", "));
        return there.isEmpty() ? "none" : there;
    }

    /** The shard has exactly the tensors that the index puts into it: a name in two shards would be ambiguous. */
    private void requireAgreement(WeightFile file, String shard, Map<String, String> weightMap) {
        Set<String> listed = weightMap.entrySet().stream()
                .filter(e -> e.getValue().equals(shard))
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        Set<String> held = file.entries().keySet();
        for (String tensor : listed) {
            if (!held.contains(tensor)) {
                throw new InputException(
                        index + " puts " + tensor + " into " + file.path() + ", which does not have it",
                        "index and shards belong to different downloads: get them again");
            }
        }
        for (String tensor : held) {
            if (!listed.contains(tensor)) {
                String claim = weightMap.containsKey(tensor) ? "puts into " + weightMap.get(tensor) : "does not list";
                throw new InputException(
                        file.path() + " holds " + tensor + ", which " + index + " " + claim,
                        "index and shards belong to different downloads: get them again");
            }
        }
    }
}
