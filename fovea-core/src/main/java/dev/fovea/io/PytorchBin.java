package dev.fovea.io;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A state dict as torch.save writes it since version 1.6: a zip archive whose entries are stored as they are, {@code data.pkl}
 * with names and shapes and {@code data/N} with elements. The file is mapped as one segment, and tensors are
 * used where they lie; only one whose strides are not those of its shape, such as a transposed view, is copied when it is asked for.
 * Tensors may share a storage: tied weights have the same {@code begin} and {@code end}.
 *
 * <pre>{@code
 * try (PytorchBin file = PytorchBin.open(Path.of("pytorch_model.bin"))) {
 *     MemorySegment bytes = file.segment("language_model.model.shared.weight");
 * }
 * }</pre>
 *
 * <p>The pickle is read by {@link StateDictPickle}, which runs nothing. May be shared by threads.
 */
public final class PytorchBin implements WeightFile {
    private final MappedFile file;
    private final Map<String, TorchArchive.Stored> tensors;
    private final Map<String, Entry> entries;
    private final Map<String, MemorySegment> copies = new ConcurrentHashMap<>();

    private PytorchBin(MappedFile file) {
        this.file = file;
        this.tensors = new TorchArchive(file.path(), file.data()).tensors();
        Map<String, Entry> all = new LinkedHashMap<>();
        tensors.forEach((name, t) -> all.put(name, t.entry()));
        this.entries = Collections.unmodifiableMap(all);
    }

    /** @throws InputException where the file cannot be read, is not such an archive, or holds anything but tensors */
    public static PytorchBin open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(new MappedFile(file, channel, 0));
        } catch (IOException e) {
            throw InputException.cannot("read", file, e);
        }
    }

    private static PytorchBin read(MappedFile file) {
        try {
            return new PytorchBin(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        } catch (InternalError e) {
            file.close();
            throw MappedFile.sentence(e, file.path(), file::checkUnchanged);
        }
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public Map<String, Entry> entries() {
        return entries;
    }

    @Override
    public MemorySegment segment(String name) {
        TorchArchive.Stored stored = tensors.get(name);
        if (stored == null) {
            throw new InputException(path() + " has no tensor " + name);
        }
        return stored.dense()
                ? file.data().asSlice(stored.entry().begin(), stored.entry().bytes())
                : copies.computeIfAbsent(name, _ -> gathered(stored));
    }

    /** The elements in the order of their indices. */
    private MemorySegment gathered(TorchArchive.Stored stored) {
        List<Long> size = stored.tensor().size();
        List<Long> stride = stored.tensor().stride();
        int width = stored.entry().type().bits() / Byte.SIZE;
        MemorySegment copy = file.allocate(stored.entry().bytes());
        for (long i = 0; i < stored.entry().bytes() / width; i++) {
            long rest = i;
            long from = stored.tensor().offset();
            for (int axis = size.size() - 1; axis >= 0; axis--) {
                from += rest % size.get(axis) * stride.get(axis);
                rest /= size.get(axis);
            }
            MemorySegment.copy(file.data(), stored.storage() + from * width, copy, i * width, width);
        }
        return copy.asReadOnly();
    }

    @Override
    public void checkUnchanged() {
        file.checkUnchanged();
    }

    @Override
    public void close() {
        file.close();
    }
}
