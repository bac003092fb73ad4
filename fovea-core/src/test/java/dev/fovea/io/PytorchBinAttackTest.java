package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule of the archive and of the pickle broken once; each has its own message. */
class PytorchBinAttackTest {
    private static final byte[] GOOD = PickleBytes.oneTensor(2, 0, new long[] {2}, new long[] {1});

    @TempDir
    Path temp;

    // ----------------------------------------------------------------------------------------------------- pickles

    static Stream<Arguments> pickles() {
        return Stream.of(
                pickle(
                        "a call of os.system",
                        p -> p.global("os", "system").text("true").raw(0x85, 'R', '.'),
                        " names \"os.system\", which no state dict needs"),
                pickle(
                        "eval by its other name",
                        p -> p.global("builtins", "eval").text("1").raw(0x85, 'R', '.'),
                        " names \"builtins.eval\""),
                pickle(
                        "a name that is almost known",
                        p -> p.global("torch._utils", "_rebuild_tensor_v2 ").raw('.'),
                        " names \"torch._utils._rebuild_tensor_v2 \""),
                pickle(
                        "module and name that are known together only",
                        p -> p.global("collections", "HalfStorage").raw('.'),
                        " names \"collections.HalfStorage\""),
                pickle("INST", p -> p.raw('(', 'i').ascii("os\nsystem\n"), " has the opcode 'i' at byte 3"),
                pickle("OBJ", p -> p.raw('(', 'o'), " has the opcode 'o' at byte 3, which no state dict needs"),
                pickle("NEWOBJ", p -> p.raw(')', 0x81), " has the opcode 0x81 at byte 3"),
                pickle("STACK_GLOBAL", p -> p.text("os").text("system").raw(0x93), " has the opcode 0x93 at byte 20"),
                pickle("EXT1", p -> p.raw(0x82, 1), " has the opcode 0x82 at byte 2"),
                pickle("PERSID", p -> p.ascii("P0\n"), " has the opcode 'P' at byte 2"),
                pickle("FRAME", p -> p.raw(0x95), " has the opcode 0x95 at byte 2"),
                pickle("a list", p -> p.raw(']', '.'), " has the opcode ']' at byte 2"),
                pickle("an opcode that there is not", p -> p.raw(0xff), " has the opcode 0xff at byte 2"),
                Arguments.of(
                        "protocol 4", new byte[] {(byte) 0x80, 4, 'N', '.'}, " has protocol 4; torch.save writes 2"),
                Arguments.of("no bytes", new byte[0], " ends in the middle"),
                pickle("no end", p -> p.raw('}'), " ends in the middle"),
                pickle("a name without end", p -> p.raw('c').ascii("torch"), " ends in the middle"),
                pickle("a text of 4 GB", p -> p.raw('X').int32(-1), " ends in a text of 4294967295 bytes"),
                pickle("a number of 255 bytes", p -> p.raw(0x8a, 255), " has a whole number of 255 bytes; at most 8"),
                pickle("an end without a value", p -> p.raw('.'), " takes more values than it gives"),
                pickle("a pair of one", p -> p.raw('N', 0x86, '.'), " takes more values than it gives"),
                pickle("a tuple without a mark", p -> p.raw('N', 't', '.'), " takes more values than it gives"),
                pickle(
                        "a value that was not kept",
                        p -> p.raw('j').int32(-2),
                        " asks for value 4294967294, which it has not kept"),
                pickle(
                        "a number in place of a dict",
                        p -> p.number(7).raw('.'),
                        " holds the number 7; expected a dict of tensors"),
                pickle("a mark in place of a dict", p -> p.raw('(', '.'), " holds a mark; expected"),
                pickle(
                        "a text in place of a tensor",
                        p -> p.raw('}').text("x").text("y").raw('s', '.'),
                        " has the text \"y\" under \"x\"; expected tensors only"),
                pickle(
                        "a dict in a dict",
                        p -> p.raw('}').text("model").raw('}', 's', '.'),
                        " has a dict under \"model\""),
                pickle(
                        "a key that is a number",
                        p -> p.raw('}').number(1).raw('N', 's', '.'),
                        " has the number 1 as the key of a dict"),
                pickle(
                        "a key alone",
                        p -> p.raw('}', '(').text("x").raw('u', '.'),
                        " puts a key without a value into a dict"),
                pickle(
                        "items of a number",
                        p -> p.number(1).text("x").raw('N', 's', '.'),
                        " has the number 1 as what items are put into"),
                pickle(
                        "attributes of a number",
                        p -> p.number(1).raw('}', 'b', '.'),
                        " has the number 1 as what attributes are put on"),
                pickle(
                        "attributes that are no dict",
                        p -> p.raw('}', 'N', 'b', '.'),
                        " has None as the attributes of a dict"),
                pickle(
                        "a call of a text",
                        p -> p.text("os.system").raw(')', 'R', '.'),
                        " calls the text \"os.system\"; expected"),
                pickle(
                        "a call of a type",
                        p -> p.global("torch", "HalfStorage").raw(')', 'R', '.'),
                        " calls the type F16; expected"),
                pickle(
                        "OrderedDict of something",
                        p -> p.global("collections", "OrderedDict").raw('N', 0x85, 'R', '.'),
                        " has 1 arguments of OrderedDict; expected 0"),
                pickle(
                        "arguments that are no tuple",
                        p -> p.global("collections", "OrderedDict").raw('N', 'R', '.'),
                        " has None as the arguments of OrderedDict"),
                pickle(
                        "too few arguments",
                        p -> p.global("torch._utils", "_rebuild_tensor_v2").raw(')', 'R', '.'),
                        " has 0 arguments of _rebuild_tensor_v2; expected 6"),
                pickle(
                        "a parameter that is no tensor",
                        p -> p.global("torch._utils", "_rebuild_parameter").raw('N', 'N', 'N', 0x87, 'R', '.'),
                        " has None as a parameter"),
                pickle(
                        "a persistent id that is no tuple",
                        p -> p.text("x").raw('Q', '.'),
                        " has the text \"x\" as the arguments of a storage"),
                pickle(
                        "a persistent id of something else",
                        p -> p.raw('(')
                                .text("module")
                                .global("torch", "HalfStorage")
                                .text("0")
                                .text("cpu")
                                .number(1)
                                .raw('t', 'Q', '.'),
                        " has a persistent id that is not a storage"),
                pickle(
                        "a storage of an unknown type",
                        p -> p.storage("ComplexFloatStorage", "0", 1),
                        " names \"torch.ComplexFloatStorage\""),
                tensor("a negative storage", -1, 0, new long[] {1}, new long[] {1}, " has -1 as the size of a storage"),
                tensor("a negative offset", 1, -1, new long[] {1}, new long[] {1}, " has -1 as the offset of a tensor"),
                tensor("a negative extent", 1, 0, new long[] {-1}, new long[] {1}, " has -1 as the size of a tensor"),
                tensor("a negative stride", 1, 0, new long[] {1}, new long[] {-1}, " has -1 as the stride of a tensor"),
                tensor(
                        "65 axes",
                        1,
                        0,
                        new long[65],
                        new long[65],
                        " has 65 numbers as the size of a tensor; at most 64"));
    }

    private static Arguments pickle(String name, Consumer<PickleBytes> content, String message) {
        PickleBytes pickle = PickleBytes.begin();
        content.accept(pickle);
        return Arguments.of(name, pickle.bytes(), message);
    }

    private static Arguments tensor(
            String name, long elements, long offset, long[] size, long[] stride, String message) {
        return Arguments.of(name, PickleBytes.oneTensor(elements, offset, size, stride), message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pickles")
    void picklesAreRefused(String name, byte[] pickle, String message) throws IOException {
        assertRefused(ZipBytes.torch(pickle, new byte[8]), ": its pickle" + message);
    }

    // ----------------------------------------------------------------------------------------------------- tensors

    static Stream<Arguments> tensors() {
        return Stream.of(
                tensor(
                        "a storage that is longer than its entry",
                        3,
                        0,
                        new long[] {1},
                        new long[] {1},
                        "has a storage of 3 elements F32; its entry has 8 bytes"),
                tensor(
                        "a storage that overflows in bytes",
                        Long.MAX_VALUE,
                        0,
                        new long[] {1},
                        new long[] {1},
                        "has a storage of 9223372036854775807 elements F32; its entry has 8 bytes"),
                tensor(
                        "beyond the storage",
                        2,
                        0,
                        new long[] {3},
                        new long[] {1},
                        "reaches beyond its storage of 2 elements"),
                tensor(
                        "beyond by its offset",
                        2,
                        1,
                        new long[] {2},
                        new long[] {1},
                        "reaches beyond its storage of 2 elements"),
                tensor(
                        "far beyond by its offset",
                        2,
                        Long.MAX_VALUE,
                        new long[] {2},
                        new long[] {1},
                        "reaches beyond its storage"),
                tensor(
                        "one element far beyond",
                        2,
                        Long.MAX_VALUE,
                        new long[] {1},
                        new long[] {1},
                        "reaches beyond its storage"),
                tensor(
                        "no element far beyond",
                        2,
                        3,
                        new long[] {0},
                        new long[] {1},
                        "begins behind its storage of 2 elements"),
                tensor(
                        "beyond by its stride",
                        2,
                        0,
                        new long[] {2},
                        new long[] {2},
                        "reaches beyond its storage of 2 elements"),
                tensor(
                        "a stride that overflows",
                        2,
                        0,
                        new long[] {3, 3},
                        new long[] {Long.MAX_VALUE, Long.MAX_VALUE},
                        "reaches beyond its storage of 2 elements"),
                tensor(
                        "elements without end",
                        2,
                        0,
                        new long[] {2147483647, 2147483647},
                        new long[] {0, 0},
                        "repeats elements: its shape \"[2147483647, 2147483647]\" has more than its storage, 2"),
                tensor(
                        "more elements than can be counted",
                        2,
                        0,
                        new long[] {1L << 30, 1L << 30, 1L << 30},
                        new long[3],
                        "has more elements than 64 bits can count"),
                tensor(
                        "an axis too long",
                        2,
                        0,
                        new long[] {1L << 31},
                        new long[1],
                        "has an axis longer than 31 bits can count"),
                tensor("axes without strides", 2, 0, new long[] {1, 1}, new long[1], "has 2 axes and 1 strides"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tensors")
    void tensorsAreRefused(String name, byte[] pickle, String message) throws IOException {
        assertRefused(ZipBytes.torch(pickle, new byte[8]), ": tensor \"x\" " + message);
    }

    // ---------------------------------------------------------------------------------------------------- archives

    static Stream<Arguments> archives() {
        byte[] data = new byte[8];
        return Stream.of(
                archive("no pickle", new ZipBytes().add("x/data/0", data), " has 0 entries data.pkl"),
                archive("two pickles", ZipBytes.torch(GOOD, data).add("y/data.pkl", GOOD), " has 2 entries data.pkl"),
                archive("no storage", ZipBytes.torch(GOOD), " has no entry \"x/data/0\""),
                archive(
                        "an entry twice",
                        ZipBytes.torch(GOOD, data).add("x/data/0", data),
                        " has two entries \"x/data/0\""),
                archive(
                        "a compressed storage",
                        with(data, e -> e.method = 8),
                        ": entry \"x/data/0\" is compressed or encrypted"),
                archive(
                        "an encrypted storage",
                        with(data, e -> e.flags = 1),
                        ": entry \"x/data/0\" is compressed or encrypted"),
                archive(
                        "two sizes",
                        with(data, e -> e.compressed = 4),
                        ": entry \"x/data/0\" is compressed or encrypted"),
                archive(
                        "an entry beyond the file",
                        with(data, e -> e.size = e.compressed = 1000),
                        "; entry \"x/data/0\" should have 1000 from byte"),
                archive(
                        "a header beyond the file",
                        with(data, e -> e.header = 0x7fff_ffff),
                        "; the header of entry \"x/data/0\" should have 30 from"),
                archive("a header elsewhere", with(data, e -> e.header++), " has no entry header at byte"),
                archive(
                        "a local header of another kind",
                        with(data, e -> e.localSignature = 1),
                        " has no entry header at byte"),
                archive(
                        "a zip64 size that is negative",
                        with(data, e -> {
                            e.size = e.compressed = 0xffff_ffffL;
                            e.centralExtra = zip64(-1, -1);
                        }),
                        "; entry \"x/data/0\" should have 18446744073709551615 from byte"),
                archive(
                        "a zip64 header that overflows",
                        with(data, e -> {
                            e.header = 0xffff_ffffL;
                            e.centralExtra = zip64(Long.MAX_VALUE);
                        }),
                        "; the header of entry \"x/data/0\" should have 30 from byte 9223372036854775807"),
                archive(
                        "zip64 sizes that are not there",
                        with(data, e -> e.size = 0xffff_ffffL),
                        " has a directory entry without the zip64 sizes"),
                archive(
                        "a zip64 field that is cut",
                        with(data, e -> {
                            e.size = 0xffff_ffffL;
                            e.centralExtra = Arrays.copyOf(zip64(1), 8);
                        }),
                        " has a directory entry without the zip64 sizes"),
                archive(
                        "a field that goes on behind its entry",
                        with(data, e -> {
                            e.size = 0xffff_ffffL;
                            e.centralExtra = new byte[] {9, 9, -1, -1};
                        }),
                        " has a directory entry without the zip64 sizes"),
                archive(
                        "a directory entry of another kind",
                        with(data, e -> e.centralSignature = 1),
                        " has no directory entry at byte"),
                archive(
                        "too many entries announced",
                        ZipBytes.torch(GOOD, data).entryCount(7),
                        " announces 7 entries in a directory of"),
                archive(
                        "one entry too many announced",
                        ZipBytes.torch(GOOD, data).add("n".repeat(50), data).entryCount(6),
                        " has no directory entry at byte"),
                archive(
                        "entries without number",
                        ZipBytes.torch(GOOD, data).zip64().entryCount(Long.MAX_VALUE),
                        " announces 9223372036854775807 entries in a directory of"),
                archive(
                        "a directory beyond the file",
                        ZipBytes.torch(GOOD, data).directory(0, 1 << 20),
                        "; its directory should have 1048576 from byte 0 on"),
                archive(
                        "a directory that overflows",
                        ZipBytes.torch(GOOD, data).zip64().directory(Long.MAX_VALUE, Long.MAX_VALUE),
                        "; its directory should have 9223372036854775807 from byte 9223372036854775807 on"),
                archive(
                        "big endian",
                        new ZipBytes()
                                .add("x/data.pkl", GOOD)
                                .add("x/byteorder", "big")
                                .add("x/data/0", data),
                        " has the byte order \"big\"; only little is read"),
                archive(
                        "a byte order without end",
                        new ZipBytes()
                                .add("x/data.pkl", GOOD)
                                .add("x/byteorder", new byte[65])
                                .add("x/data/0", data),
                        ": entry \"x/byteorder\" has 65 bytes; at most 64 are read"),
                archive(
                        "a pickle too long",
                        ZipBytes.torch(new byte[StateDictPickle.MAX_BYTES + 1]),
                        " bytes; at most 16777216 are read"));
    }

    private static Arguments archive(String name, ZipBytes zip, String message) {
        return Arguments.of(name, zip, message);
    }

    /** An archive whose storage is described in another way. */
    private static ZipBytes with(byte[] storage, Consumer<ZipBytes.Entry> change) {
        return new ZipBytes().add("x/data.pkl", GOOD).add("x/data/0", storage, change);
    }

    private static byte[] zip64(long... values) {
        ByteBuffer field = ByteBuffer.allocate(4 + 8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        field.putShort((short) 1).putShort((short) (8 * values.length));
        Arrays.stream(values).forEach(field::putLong);
        return field.array();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("archives")
    void archivesAreRefused(String name, ZipBytes zip, String message) throws IOException {
        assertRefused(zip, message);
    }

    private void assertRefused(ZipBytes zip, String message) throws IOException {
        Path file = Files.write(temp.resolve("pytorch_model.bin"), zip.bytes());
        assertThatThrownBy(() -> PytorchBin.open(file))
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(400));
    }

    @Test
    void everyCutIsRefused() throws IOException {
        byte[] whole = ZipBytes.torch(GOOD, new byte[8]).bytes();
        for (int length = 0; length < whole.length; length++) {
            Path file = Files.write(temp.resolve("cut.bin"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> PytorchBin.open(file))
                    .as("%d bytes", length)
                    .isInstanceOf(InputException.class);
        }
    }

    @Test
    void damagedBytesNeverDoMoreThanBeRefused() throws IOException {
        byte[] whole = ZipBytes.torch(GOOD, new byte[8]).bytes();
        Random random = new Random(7);
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = whole.clone();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Path file = Files.write(temp.resolve("damaged.bin"), damaged);
            try (PytorchBin bin = PytorchBin.open(file)) {
                bin.entries()
                        .forEach((name, e) ->
                                assertThat(bin.segment(name).byteSize()).isEqualTo(e.bytes()));
            } catch (InputException e) {
                assertThat(e.getMessage()).startsWith(file.toString()).doesNotContain("\n");
            }
        }
    }

    static Stream<Arguments> otherFiles() {
        byte[] tar = new byte[512];
        System.arraycopy("storages".getBytes(StandardCharsets.US_ASCII), 0, tar, 0, 8);
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        return Stream.of(
                Arguments.of(tar, " has the format that PyTorch wrote before version 1.6, which is not read"),
                Arguments.of(new byte[0], " is not a zip archive, as torch.save writes them"),
                Arguments.of(new byte[] {(byte) 0x80, 2, '}', '.'}, " is not a zip archive, as torch.save writes them"),
                Arguments.of(
                        "PK\3\4".getBytes(StandardCharsets.US_ASCII),
                        " has no zip directory at its end: it is truncated, or not a zip archive"),
                Arguments.of(
                        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3978500000\n"
                                .getBytes(StandardCharsets.US_ASCII),
                        " is a git-lfs pointer in place of the file itself, which has 3978500000 bytes"));
    }

    @ParameterizedTest
    @MethodSource("otherFiles")
    void otherFilesUnderItsNameAreRecognised(byte[] content, String message) throws IOException {
        Path file = Files.write(temp.resolve("pytorch_model.bin"), content);
        assertThatThrownBy(() -> PytorchBin.open(file))
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(file + message);
    }

    // -------------------------------------------------------------------------------------------- sizes and depths

    /** A dict in a dict a hundred thousand deep, and one that holds itself: neither is walked. */
    @Test
    void depthCostsNothing() throws IOException {
        PickleBytes deep = PickleBytes.begin();
        for (int i = 0; i < 100_000; i++) {
            deep.raw('}').text("k");
        }
        deep.raw('}');
        for (int i = 0; i < 100_000; i++) {
            deep.raw('s');
        }
        assertRefused(ZipBytes.torch(deep.raw('.').bytes()), " has a dict under \"k\"");
        PickleBytes round = PickleBytes.begin().raw('}', 'q', 0).text("k").raw('h', 0, 's', '.');
        assertRefused(ZipBytes.torch(round.bytes()), " has a dict under \"k\"");
    }

    /** A kept value costs what its opcode takes in the file, whatever its number. */
    @Test
    void hugeMemosCostWhatTheyTakeInTheFile() throws IOException {
        PickleBytes pickle = PickleBytes.begin().raw('}');
        for (int i = 0; i < 500_000; i++) {
            pickle.raw('r').int32(-1 - i * 4000);
        }
        Path file = Files.write(
                temp.resolve("memo.bin"),
                ZipBytes.torch(pickle.raw('.').bytes()).bytes());
        try (PytorchBin bin = PytorchBin.open(file)) {
            assertThat(bin.entries()).isEmpty();
        }
    }
}
