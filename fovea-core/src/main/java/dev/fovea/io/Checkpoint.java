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
import java.util.stream.Stream;

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
        ModelFiles files = ModelFiles.of(directory.path());
        for (Checkpoint format : FORMATS) {
            if (files.has(format.single)) {
                return List.of(format.opener.apply(directory.path().resolve(format.single)));
            }
            if (files.has(format.index)) {
                return format.openShards(directory.path(), files);
            }
        }
        refuseBrokenLinks(directory.path());
        throw noWeights(files);
    }

    /** The names of the files that {@link #open} would open, with the index that names them. @throws InputException as it does */
    static List<String> names(ModelFiles files) {
        for (Checkpoint format : FORMATS) {
            if (files.has(format.single)) {
                return List.of(format.single);
            }
            if (files.has(format.index)) {
                return Stream.concat(Stream.of(format.index), format.shards(files).stream())
                        .toList();
            }
        }
        throw noWeights(files);
    }

    /** The index that {@link #names} would read. */
    static Optional<String> index(ModelFiles files) {
        return FORMATS.stream()
                .filter(format -> files.has(format.single) || files.has(format.index))
                .findFirst()
                .filter(format -> !files.has(format.single))
                .map(format -> format.index);
    }

    private static void refuseBrokenLinks(Path directory) {
        for (Checkpoint format : FORMATS) {
            Path file = directory.resolve(format.single);
            if (Files.isSymbolicLink(file) && !Files.exists(file)) {
                throw new InputException(Quote.of(file) + " is a link to a file that is not there");
            }
        }
    }

    private static InputException noWeights(ModelFiles files) {
        String others = OtherForms.formats(files.names());
        return new InputException(
                files
                        + (others.isEmpty()
                                ? " has no weights; found " + ModelDirectory.listing(files.names())
                                : " has its weights in a format that is not read: " + others),
                ModelDirectory.SUPPORTED);
    }

    // ---------------------------------------------------------------------------------------------------- shards

    /**
     * The shards that an index names, each name checked, in the order in which they are loaded. What it says about single tensors does
     * not count: whatever a shard holds is there.
     */
    private Set<String> shards(ModelFiles files) {
        Set<String> result = new TreeSet<>();
        String what = files + "/" + index + ": weight_map";
        Json.object(files.json(index).get("weight_map"), what).forEach((tensor, shard) -> {
            if (!(shard instanceof String s)
                    || !result.contains(s) && !shardName.matcher(s).matches()) {
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

    private List<WeightFile> openShards(Path directory, ModelFiles files) {
        Set<String> shards = shards(files);
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
