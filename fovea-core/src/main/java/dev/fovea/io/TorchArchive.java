package dev.fovea.io;

import dev.fovea.error.InputException;
import dev.fovea.io.WeightFile.Entry;
import dev.fovea.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An archive of torch.save while it is opened: finds the tensors and checks everything that is claimed about them. */
final class TorchArchive {
    private static final String RESAVE =
            "load and save it with PyTorch 1.6 or newer: torch.save(torch.load(file, weights_only=True), file)";

    /** The pickled number 0x1950a86a20f9469cfc6c, with which the format before version 1.6 begins. */
    private static final byte[] LEGACY = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa85019");

    private static final byte[] ZIP = {'P', 'K', 3, 4};
    private static final byte[] TAR = "ustar".getBytes(StandardCharsets.US_ASCII);
    private static final int TAR_MAGIC = 257;

    private static final String PICKLE = "/data.pkl";

    private final Path file;
    private final MemorySegment data;
    private final ZipDirectory zip;
    private final String folder;

    /**
     * @param storage first byte of its storage in the file
     * @param tensor whose claims were checked
     */
    record Stored(Entry entry, long storage, StateDictPickle.Tensor tensor, boolean dense) {}

    TorchArchive(Path file, MemorySegment data) {
        this.file = file;
        this.data = data;
        refuseOtherFormats();
        this.zip = ZipDirectory.read(file, data);
        this.folder = folder();
    }

    private void refuseOtherFormats() {
        byte[] head =
                data.asSlice(0, Math.min(data.byteSize(), StandIn.HEAD_BYTES)).toArray(ValueLayout.JAVA_BYTE);
        if (has(head, 0, ZIP)) {
            return;
        }
        StandIn.refuse(file, head);
        if (has(head, 0, LEGACY) || has(head, TAR_MAGIC, TAR)) {
            throw new InputException(
                    file + " has the format that PyTorch wrote before version 1.6, which is not read", RESAVE);
        }
        throw new InputException(file + " is not a zip archive, as torch.save writes them", ZipDirectory.DAMAGED);
    }

    private static boolean has(byte[] head, int at, byte[] magic) {
        return head.length >= at + magic.length && Arrays.equals(head, at, at + magic.length, magic, 0, magic.length);
    }

    /** The one that all entries are in; it has the name of the file as it was saved. */
    private String folder() {
        List<String> pickles =
                zip.names().stream().filter(n -> n.endsWith(PICKLE)).toList();
        if (pickles.size() != 1) {
            throw new InputException(
                    file + " has " + pickles.size() + " entries data.pkl; an archive of torch.save has one", RESAVE);
        }
        String folder = pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
        if (zip.names().contains(folder + "/constants.pkl")) {
            throw new InputException(
                    file + " is a TorchScript program; expected a state dict",
                    "save model.state_dict() with torch.save");
        }
        return folder;
    }

    Map<String, Stored> tensors() {
        requireLittleEndian();
        Map<String, Stored> result = new LinkedHashMap<>();
        StateDictPickle.read(file, bytes(folder + PICKLE, StateDictPickle.MAX_BYTES))
                .forEach((name, tensor) -> result.put(name, stored(name, tensor)));
        return Collections.unmodifiableMap(result);
    }

    private void requireLittleEndian() {
        String entry = folder + "/byteorder";
        if (zip.names().contains(entry)) {
            String order = new String(bytes(entry, 64), StandardCharsets.UTF_8);
            if (!order.equals("little")) {
                throw new InputException(
                        file + " has the byte order " + Json.quoted(order) + "; only little is read",
                        "save it again on a little-endian machine");
            }
        }
    }

    private byte[] bytes(String entry, int limit) {
        ZipDirectory.Extent extent = zip.extent(entry);
        if (extent.bytes() > limit) {
            throw new InputException(file + ": entry " + Json.quoted(entry) + " has " + extent.bytes()
                    + " bytes; at most " + limit + " are read");
        }
        return data.asSlice(extent.begin(), extent.bytes()).toArray(ValueLayout.JAVA_BYTE);
    }

    private Stored stored(String name, StateDictPickle.Tensor tensor) {
        StateDictPickle.Storage storage = tensor.storage();
        ZipDirectory.Extent extent = zip.extent(folder + "/data/" + storage.key());
        int width = storage.type().bits() / Byte.SIZE;
        if (storage.elements() > extent.bytes() / width) {
            throw broken(
                    name,
                    "has a storage of " + storage.elements() + " elements " + storage.type() + "; its entry has "
                            + extent.bytes() + " bytes");
        }
        Shape shape = shape(name, tensor);
        boolean dense = checkExtent(name, tensor, shape);
        long begin = extent.begin() + tensor.offset() * width;
        Entry entry = new Entry(name, storage.type(), shape, begin, begin + shape.size() * width);
        return new Stored(entry, extent.begin(), tensor, dense);
    }

    private Shape shape(String name, StateDictPickle.Tensor tensor) {
        if (tensor.stride().size() != tensor.size().size()) {
            throw broken(
                    name,
                    "has " + tensor.size().size() + " axes and "
                            + tensor.stride().size() + " strides");
        }
        if (tensor.size().stream().anyMatch(d -> d > Integer.MAX_VALUE)) {
            throw broken(name, "has an axis longer than 31 bits can count");
        }
        Shape shape = Shape.of(tensor.size().stream().mapToInt(Long::intValue).toArray());
        try {
            shape.size();
        } catch (ArithmeticException e) {
            throw broken(name, "has more elements than 64 bits can count");
        }
        return shape;
    }

    /**
     * Every element lies in the storage, and there are no more of them than the storage has.
     *
     * @return whether they follow one another
     */
    private boolean checkExtent(String name, StateDictPickle.Tensor tensor, Shape shape) {
        long elements = tensor.storage().elements();
        if (shape.size() == 0) {
            if (tensor.offset() > elements) {
                throw broken(name, "begins behind its storage of " + elements + " elements");
            }
            return true;
        }
        long last = tensor.offset();
        boolean dense = true;
        long[] denseStrides = shape.denseStrides();
        for (int axis = 0; axis < shape.rank(); axis++) {
            long steps = shape.dim(axis) - 1L;
            long stride = tensor.stride().get(axis);
            dense &= steps == 0 || stride == denseStrides[axis];
            if (steps > 0 && stride > (elements - last) / steps) {
                throw broken(name, beyond(elements));
            }
            last += steps * stride;
        }
        if (last >= elements) {
            throw broken(name, beyond(elements));
        }
        if (shape.size() > elements) {
            throw broken(
                    name,
                    "repeats elements: its shape " + Json.quoted(shape.toString()) + " has more than its storage, "
                            + elements);
        }
        return dense;
    }

    private static String beyond(long elements) {
        return "reaches beyond its storage of " + elements + " elements";
    }

    private InputException broken(String tensor, String what) {
        return new InputException(file + ": tensor " + Json.quoted(tensor) + " " + what, ZipDirectory.DAMAGED);
    }
}
