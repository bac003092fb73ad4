package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.error.Quote;
import dev.fovea.error.Warnings;
import dev.fovea.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What weight files hold, by the names that a model uses; two names may mean one tensor. */
final class StoredTensors {
    private final Map<String, Stored> byName = new LinkedHashMap<>();
    private final Map<String, String> ties = new HashMap<>();
    private final Renaming names;

    /** A tensor in one of the files. */
    record Stored(WeightFile file, WeightFile.Entry entry) {
        /** The model's name for the tensor, and the file's where it is another. */
        String spelling(String name) {
            return entry.name().equals(name)
                    ? Quote.of(name)
                    : Quote.of(name) + " (stored as " + Quote.of(entry.name()) + ")";
        }

        /** As it is, for another file. */
        Safetensors.Part part() {
            return new Safetensors.Part() {
                @Override
                public StoredType type() {
                    return entry.type();
                }

                @Override
                public Shape shape() {
                    return entry.shape();
                }

                @Override
                public void writeTo(OutputStream out) throws IOException {
                    byte[] buffer = new byte[1 << 16];
                    MemorySegment bytes = bytes();
                    for (long at = 0; at < bytes.byteSize(); at += buffer.length) {
                        int count = (int) Math.min(buffer.length, bytes.byteSize() - at);
                        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, buffer, 0, count);
                        out.write(buffer, 0, count);
                    }
                }
            };
        }

        private boolean sameBytesAs(Stored other) {
            if (entry.type() != other.entry.type() || !entry.shape().equals(other.entry.shape())) {
                return false;
            }
            MemorySegment mine = bytes();
            MemorySegment others = other.bytes();
            return mine.address() == others.address() || mine.mismatch(others) < 0;
        }

        private MemorySegment bytes() {
            return file.segment(entry.name());
        }
    }

    /**
     * @param files in the order in which they are loaded: of a name that two of them have, the later tensor counts
     * @param names from the files' names to the model's
     * @throws InputException where two spellings of one name are stored
     */
    StoredTensors(List<WeightFile> files, Renaming names, Warnings warnings) {
        this.names = names;
        for (WeightFile file : files) {
            for (WeightFile.Entry entry : file.entries().values()) {
                Stored stored = new Stored(file, entry);
                Stored other = byName.put(names.apply(entry.name()), stored);
                if (other != null) {
                    checkDuplicate(stored, other, names.apply(entry.name()), warnings);
                }
            }
        }
    }

    private static void checkDuplicate(Stored stored, Stored other, String name, Warnings warnings) {
        if (!stored.entry.name().equals(other.entry.name())) {
            throw new InputException(Quote.of(stored.file.path()) + ": " + Quote.of(stored.entry.name()) + " and "
                    + Quote.of(other.entry.name()) + " are two spellings of the same tensor " + Quote.of(name));
        }
        warnings.warn(Quote.of(name) + " is in two shards, " + Quote.of(other.file.path()) + " and "
                + Quote.of(stored.file.path()) + "; that of the latter is used");
    }

    /** The names under which something is stored, in the files' order. */
    Set<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    /** The one name of a tensor that has several. */
    String resolve(String name) {
        return ties.getOrDefault(name, name);
    }

    /** Of a tensor's names the one under which it is stored, as its parts are. */
    String storedName(String name) {
        return find(name).map(s -> names.apply(s.entry().name())).orElseGet(() -> resolve(name));
    }

    /** Whether a tensor is stored under one name and meant by another too. */
    boolean isShared(String name) {
        return ties.containsKey(name) && byName.get(ties.get(name)) == byName.get(name) || ties.containsValue(name);
    }

    Optional<Stored> find(String name) {
        return Optional.ofNullable(byName.get(resolve(name)));
    }

    /**
     * Makes two names mean one tensor, whichever of them is stored.
     *
     * @return whether that is so now: where both are stored with different values, each stays what it is
     */
    boolean tie(String name, String source) {
        Stored own = byName.get(name);
        Stored other = byName.get(source);
        if (own != null && other != null && !own.sameBytesAs(other)) {
            return false;
        }
        if (own != null && other == null) {
            byName.put(source, own);
        }
        ties.put(name, source);
        return true;
    }
}
