package dev.fovea.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fovea.error.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule of the format broken once; each has its own message. */
class SafetensorsAttackTest {
    @TempDir
    Path temp;

    static Stream<Arguments> brokenFiles() {
        return Stream.of(
                broken(
                        "no bytes",
                        new byte[0],
                        " has 0 bytes; a safetensors file begins with 8 bytes of header length"),
                broken(
                        "seven bytes",
                        new byte[7],
                        " has 7 bytes; a safetensors file begins with 8 bytes of header length"),
                broken("length over the limit", length(100_000_001), " announces a header of 100000001 bytes; at most"),
                broken("negative length", length(-1), " announces a header of 18446744073709551615 bytes; at most"),
                broken(
                        "length that overflows when added",
                        length(Long.MAX_VALUE),
                        " announces a header of 9223372036854775807"),
                broken("length beyond the file", length(3), " has 10 bytes; its header alone has 3: it is truncated"),
                broken("empty header", Headers.file("", new byte[0]), " has an empty header"),
                broken("leading blank", header(" {}"), " has a header that does not begin with {"),
                broken("an array", header("[]"), " has a header that does not begin with {"),
                broken(
                        "not UTF-8",
                        Headers.file(new byte[] {'{', '"', (byte) 0xff, '"', '}'}, new byte[0]),
                        "that is not UTF-8"),
                broken("cut JSON", header("{\"x\":{"), ": the header is not valid JSON: "),
                broken("text behind", header("{} {}"), ": the header has text after its JSON value"),
                broken("zeros behind", header("{}\0\0"), ": the header is not valid JSON: "),
                broken(
                        "a name twice",
                        header("{" + tensor("x", "U8", "[0]", "[0,0]") + "," + tensor("x", "U8", "[0]", "[0,0]") + "}"),
                        ": the header is not valid JSON: the key "),
                broken("deep nesting", header("{\"x\":" + "[".repeat(1000)), ": the header is not valid JSON: "),
                broken(
                        "metadata of numbers",
                        header("{\"__metadata__\":{\"a\":1}}"),
                        " has the number 1 in __metadata__; expected strings only"),
                broken(
                        "metadata that is a list",
                        header("{\"__metadata__\":[]}"),
                        ": __metadata__ is an array; expected an object"),
                broken(
                        "a tensor that is a number",
                        header("{\"x\":1}"),
                        ": tensor \"x\" is the number 1; expected an object"),
                broken(
                        "no dtype",
                        header("{\"x\":{\"shape\":[0],\"data_offsets\":[0,0]}}"),
                        ": tensor \"x\" has a dtype that is null; expected a string"),
                broken(
                        "unknown dtype",
                        one("F128", "[0]", "[0,0]"),
                        ": tensor \"x\" has the dtype \"F128\", which the format does not know"),
                broken("lower case dtype", one("f32", "[0]", "[0,0]"), ": tensor \"x\" has the dtype \"f32\""),
                broken(
                        "no shape",
                        header("{\"x\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}"),
                        ": tensor \"x\" has a shape that is null; expected a list"),
                broken("negative extent", one("U8", "[-1]", "[0,0]"), ": tensor \"x\" has the number -1 in its shape"),
                broken("fraction", one("U8", "[1.5]", "[0,1]"), ": tensor \"x\" has the number 1.5 in its shape"),
                broken(
                        "extent over 31 bits",
                        one("U8", "[2147483648]", "[0,2147483648]"),
                        ": tensor \"x\" has the number 2147483648 in its shape"),
                broken(
                        "extent over 64 bits",
                        one("U8", "[18446744073709551617]", "[0,1]"),
                        ": tensor \"x\" has the number 18446744073709551617 in its shape"),
                broken(
                        "product overflows to 0",
                        one("U8", "[2147483647,2147483647,2147483647,0]", "[0,0]"),
                        ": tensor \"x\" has more elements than 64 bits can count"),
                broken(
                        "product overflows to 2^62",
                        one("U8", "[1073741824,1073741824,1073741824]", "[0,1]"),
                        ": tensor \"x\" has more elements than 64 bits can count"),
                broken(
                        "size overflows",
                        one("F64", "[1073741824,1073741824]", "[0,8]"),
                        ": tensor \"x\" has more bits than 64 bits can count"),
                broken("half a byte", one("F4", "[3]", "[0,1]"), ": tensor \"x\" ends inside a byte: F4[3]"),
                broken(
                        "one offset",
                        one("U8", "[0]", "[0]"),
                        ": tensor \"x\" has data_offsets [0]; expected begin and end"),
                broken(
                        "three offsets",
                        one("U8", "[0]", "[0,0,0]"),
                        ": tensor \"x\" has data_offsets [0, 0, 0]; expected"),
                broken(
                        "end before begin",
                        one("U8", "[0]", "[1,0]"),
                        ": tensor \"x\" has data_offsets [1, 0]; expected"),
                broken(
                        "negative offset",
                        one("U8", "[1]", "[-1,0]"),
                        ": tensor \"x\" has the number -1 in its data_offsets"),
                broken(
                        "offset over 63 bits",
                        one("U8", "[1]", "[9223372036854775808,9223372036854775809]"),
                        ": tensor \"x\" has the number 9223372036854775808 in its data_offsets"),
                broken("too few bytes", one("F32", "[2]", "[0,4]"), ": tensor \"x\" has 4 bytes; F32[2] needs 8"),
                broken("too many bytes", one("BF16", "[2]", "[0,8]"), ": tensor \"x\" has 8 bytes; BF16[2] needs 4"),
                broken(
                        "far beyond the file",
                        one("U8", "[1]", "[9223372036854775806,9223372036854775807]"),
                        ": tensor \"x\" begins at byte 9223372036854775806 of the data"),
                broken(
                        "hole in front",
                        one("U8", "[1]", "[1,2]"),
                        ": tensor \"x\" begins at byte 1 of the data, the header ends at 0: there is a hole"),
                broken(
                        "hole between",
                        two("[0,1]", "[2,3]"),
                        ": tensor \"y\" begins at byte 2 of the data, \"x\" ends at 1: there is a hole"),
                broken(
                        "overlap",
                        two("[0,1]", "[0,1]"),
                        " begins at byte 0 of the data, \"x\" ends at 1: they overlap"),
                broken("bytes left over", one("U8", "[1]", "[0,1]", 3), " has 2 bytes after the last tensor"),
                broken(
                        "truncated data",
                        one("U8", "[9]", "[0,9]", 4),
                        "its header describes 9 bytes of data from byte 61 on: 5 are missing, it is truncated"));
    }

    private static Arguments broken(String name, byte[] file, String message) {
        return Arguments.of(name, file, message);
    }

    private static byte[] length(long announced) {
        return Headers.file(announced, "{}".getBytes(StandardCharsets.US_ASCII), new byte[0]);
    }

    private static byte[] header(String json) {
        return Headers.file(json, new byte[0]);
    }

    private static String tensor(String name, String dtype, String shape, String offsets) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets
                + "}";
    }

    private static byte[] one(String dtype, String shape, String offsets) {
        return one(dtype, shape, offsets, 16);
    }

    private static byte[] one(String dtype, String shape, String offsets, int dataBytes) {
        return Headers.file("{" + tensor("x", dtype, shape, offsets) + "}", new byte[dataBytes]);
    }

    private static byte[] two(String first, String second) {
        return Headers.file(
                "{" + tensor("x", "U8", "[1]", first) + "," + tensor("y", "U8", "[1]", second) + "}", new byte[3]);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenFiles")
    void isRefused(String name, byte[] content, String message) throws IOException {
        Path file = Files.write(temp.resolve("model.safetensors"), content);
        assertThatThrownBy(() -> Safetensors.open(file))
                .as(name)
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void hugeNamesDoNotFloodTheMessage() throws IOException {
        Path file = Files.write(
                temp.resolve("model.safetensors"),
                header("{" + tensor("n".repeat(100_000) + "\\n", "F128", "[0]", "[0,0]") + "}"));
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400));
    }

    static Stream<Arguments> standIns() {
        return Stream.of(
                Arguments.of(
                        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3978500000\n",
                        " is a git-lfs pointer in place of the file itself, which has 3978500000 bytes"),
                Arguments.of(
                        "\n<!DOCTYPE html>\n<html><body>Not found</body></html>",
                        " is an HTML page in place of the file itself"),
                Arguments.of("<html>", " is an HTML page in place of the file itself"),
                Arguments.of("GGUF\u0003\0\0\0", " is a GGUF file under another name"),
                Arguments.of(
                        "PK\u0003\u0004\0\0\0\0archive/data.pkl",
                        " is a zip archive, as PyTorch writes them, under another name"));
    }

    @ParameterizedTest
    @MethodSource("standIns")
    void otherFilesUnderItsNameAreRecognised(String content, String message) throws IOException {
        Path file = Files.writeString(temp.resolve("model.safetensors"), content);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + message);
    }

    @Test
    void thereIsNoSuchFile() {
        assertThatThrownBy(() -> Safetensors.open(temp.resolve("none.safetensors")))
                .isInstanceOf(InputException.class)
                .hasMessage("cannot read " + temp.resolve("none.safetensors") + ": there is no such file");
    }

    @Test
    void aDirectoryIsNoFile() {
        assertThatThrownBy(() -> Safetensors.open(temp))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("cannot read " + temp);
    }
}
