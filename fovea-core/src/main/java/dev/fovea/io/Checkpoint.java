package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds and opens the weight files of a directory: one file, or shards with an index. */
final class Checkpoint {
    /** In transformers' order: a directory that has both is read from the first. */
    private static final List<Checkpoint> FORMATS = List.of(
            new Checkpoint("model.safetensors", ".safetensors", Safetensors::open),
            new Checkpoint("pytorch_model.bin", ".bin", PytorchBin::open));

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
    static List<WeightFile> open(ModelDirectory directory) {
        for (Checkpoint format : FORMATS) {
            Optional<Path> single = directory.file(format.single);
            if (single.isPresent()) {
                return List.of(format.opener.apply(single.get()));
            }
            Optional<Path> index = directory.file(format.index);
            if (index.isPresent()) {
                return format.openShards(directory.path(), index.get());
            }
        }
        throw noWeights(directory.path());
    }

    private static InputException noWeights(Path directory) {
        for (Checkpoint format : FORMATS) {
            Path file = directory.resolve(format.single);
            if (Files.isSymbolicLink(file) && !Files.exists(file)) {
                return new InputException(Quote.of(file) + " is a link to a file that is not there");
            }
        }
        String others = OtherForms.formats(ModelDirectory.names(directory));
        return new InputException(
                Quote.of(directory)
                        + (others.isEmpty()
                                ? " has no weights; found " + ModelDirectory.listing(directory)
                                : " has its weights in a format that is not read: " + others),
                ModelDirectory.SUPPORTED);
    }

    // ---------------------------------------------------------------------------------------------------- shards

    /**
     * The shards that an index names, each name checked, in the order in which they are loaded. What it says about single tensors does
     * not count: whatever a shard holds is there.
     */
    private Set<String> shards(Path index) {
        Set<String> result = new TreeSet<>();
        String what = Quote.of(index) + ": weight_map";
        Json.object(Json.parseObject(index).get("weight_map"), what).forEach((tensor, shard) -> {
            if (!(shard instanceof String s) || !shardName.matcher(s).matches()) {
                throw new InputException(what + " puts " + Json.quoted(tensor) + " into " + Quote.of(Json.write(shard))
                        + "; expected the name of a " + extension + " file in the same directory");
            }
            result.add(s);
        });
        if (result.isEmpty()) {
            throw new InputException(what + " is empty; expected tensor names with their shards");
        }
        return result;
    }

    private List<WeightFile> openShards(Path directory, Path indexFile) {
        Set<String> shards = shards(indexFile);
        requireAllThere(directory, shards);
        List<WeightFile> opened = new ArrayList<>();
        try {
            for (String shard : shards) {
                opened.add(opener.apply(directory.resolve(shard)));
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
}
