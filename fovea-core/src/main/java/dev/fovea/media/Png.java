package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * PNG, by the W3C specification. Not by ImageIO, which scales 16-bit grey where Pillow keeps it, and resolves
 * transparent colours. Of an animation this is the first frame, which is an ordinary PNG.
 */
final class Png {

    private static final int GREY = 0;
    private static final int RGB = 2;
    private static final int INDEXED = 3;
    private static final int GREY_ALPHA = 4;
    private static final int RGBA = 6;

    /** Passes of an interlaced file: first column, first row, steps to the next. */
    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private static final int[][] ONE_PASS = {{0, 0, 1, 1}};

    private final int width;
    private final int height;
    private final int depth; // bits a channel
    private final int type;
    private final boolean interlaced;
    private final List<byte[]> data = new ArrayList<>();
    private byte[] palette = {};
    private byte[] transparency = {};
    private byte[] exif = {};
    private final PngText text = new PngText();

    private Png(ByteBuffer header) {
        width = header.getInt();
        height = header.getInt();
        depth = header.get();
        type = header.get();
        int compression = header.get();
        int filter = header.get();
        if (compression != 0 || filter != 0) {
            throw new InputException("The PNG file has compression method " + compression + " and filter method "
                    + filter + ", expected 0");
        }
        interlaced = header.get() != 0;
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        return read(bytes, maxPixels).image();
    }

    /** For torchvision: as {@link #decode}, turned as the chunk eXIf says, whatever its texts do. */
    static DecodedImage decodeByTorchvision(byte[] bytes, long maxPixels) {
        Png png = read(bytes, maxPixels);
        if (png.depth == 16) {
            throw new InputException(
                    "The PNG file has 16 bits a channel, which the loader torchvision hands on as they are: up to 65535 where"
                            + " models expect 255",
                    Torchvision.HINT);
        }
        return png.image().withOrientation(Orientation.of(png.exif, new byte[0]));
    }

    private static Png read(byte[] bytes, long maxPixels) {
        ByteBuffer in = ByteBuffer.wrap(bytes).position(8);
        var png = new Png(ByteBuffer.wrap(chunk(in, "IHDR")));
        ImageFormat.PNG.checkSize(png.width, png.height, maxPixels);
        png.readChunks(in);
        return png;
    }

    private static byte[] chunk(ByteBuffer in, String expected) {
        byte[] content = new byte[13];
        if (in.getInt() != content.length || !type(in).equals(expected)) {
            throw new InputException("The PNG file does not begin with a chunk " + expected + " of 13 bytes");
        }
        in.get(content);
        checkSum(in, expected, content);
        return content;
    }

    private static String type(ByteBuffer in) {
        var name = new byte[4];
        in.get(name);
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static boolean isType(String name) {
        return name.matches("[A-Za-z0-9_]{4}");
    }

    /** Up to the end. After the pixels nothing is required or checked, so a file cut there is still whole. */
    private void readChunks(ByteBuffer in) {
        boolean behindPixels = false;
        while (in.remaining() >= 8) {
            int length = in.getInt();
            String name = type(in);
            behindPixels = behindPixels || !data.isEmpty() && !name.equals("IDAT");
            if (!isType(name)) {
                if (behindPixels) {
                    return;
                }
                throw new InputException("The PNG file is damaged: there is no chunk at byte " + (in.position() - 8));
            }
            boolean cut = length < 0 || length > in.remaining() - 4;
            var content = new byte[cut ? in.remaining() : length];
            in.get(content);
            if (name.equals("IDAT")) {
                data.add(content); // the inflater finds out whether it is whole
            }
            if (cut || name.equals("IEND")) {
                return;
            }
            if (name.equals("IDAT")) {
                in.getInt();
            } else {
                if (!behindPixels) {
                    checkSum(in, name, content);
                } else if (in.remaining() >= 4) {
                    in.getInt();
                }
                keep(name, content);
            }
        }
    }

    private static void checkSum(ByteBuffer in, String name, byte[] content) {
        var sum = new CRC32();
        sum.update(name.getBytes(StandardCharsets.ISO_8859_1));
        sum.update(content);
        int stored = in.getInt();
        if (stored != (int) sum.getValue()) {
            throw new InputException("The PNG file is damaged: chunk " + name + " has checksum "
                    + Integer.toHexString(stored) + ", expected " + Long.toHexString(sum.getValue()));
        }
    }

    private void keep(String name, byte[] content) {
        switch (name) {
            case "PLTE" -> palette = content;
            case "tRNS" -> transparency = content;
            case "eXIf" -> exif = content;
            case "iTXt", "tEXt", "zTXt" -> text.read(name, content);
            default -> {} // colour profiles, gamma and texts: Pillow does not apply them either
        }
    }

    private DecodedImage image() {
        Mode mode = mode();
        byte[] samples = mode.samples(width, height);
        var inflater = new Inflater();
        try {
            inflate(inflater, mode, samples);
        } catch (DataFormatException e) {
            throw new InputException("The PNG file is damaged: its data cannot be inflated", "", e);
        } finally {
            inflater.end();
        }
        DecodedImage image = mode == Mode.P
                ? DecodedImage.of(width, height, samples, palette)
                : DecodedImage.of(mode, width, height, samples);
        return image.with(transparency(mode))
                .withOrientation(Orientation.of(exif.length == 0 ? text.exif() : exif, text.xmp()));
    }

    private Mode mode() {
        boolean deep = depth == 16;
        boolean bytes = depth == 8 || deep;
        boolean bits = depth == 1 || depth == 2 || depth == 4;
        if (type == GREY && (bits || bytes)) {
            return deep ? Mode.I16 : depth == 1 ? Mode.BILEVEL : Mode.L;
        }
        if (type == INDEXED && (bits || depth == 8)) {
            return Mode.P;
        }
        if (type == RGB && bytes) {
            return Mode.RGB;
        }
        if (type == GREY_ALPHA && bytes) {
            return deep ? Mode.RGBA : Mode.LA;
        }
        if (type == RGBA && bytes) {
            return Mode.RGBA;
        }
        throw new InputException("The PNG file has colour type " + type + " at " + depth + " bits, which no PNG has");
    }

    private int channels() {
        return switch (type) {
            case RGB -> 3;
            case GREY_ALPHA -> 2;
            case RGBA -> 4;
            default -> 1;
        };
    }

    private Transparency transparency(Mode mode) {
        if (transparency.length == 0 || type > INDEXED) {
            return Transparency.NONE;
        }
        if (type == INDEXED) {
            return new Transparency.OfIndex(transparency);
        }
        var key = ByteBuffer.wrap(transparency);
        if (type == RGB) {
            return new Transparency.OfColour(key.getShort(), key.getShort(), key.getShort());
        }
        int grey = key.getShort();
        int value = mode == Mode.BILEVEL && grey != 0 ? 255 : grey;
        return new Transparency.OfColour(value, value, value);
    }

    private void inflate(Inflater inflater, Mode mode, byte[] samples) throws DataFormatException {
        int pixelBits = channels() * depth;
        int back = Math.max(1, pixelBits / 8); // bytes to the left neighbour
        var chunks = data.iterator();
        for (int[] pass : interlaced ? ADAM7 : ONE_PASS) {
            int columns = Math.ceilDiv(width - pass[0], pass[2]);
            if (columns < 1) {
                continue;
            }
            var row = new byte[1 + Math.toIntExact(Math.ceilDiv((long) columns * pixelBits, 8))];
            var above = new byte[row.length];
            for (int y = pass[1]; y < height; y += pass[3]) {
                fill(inflater, chunks, row, y);
                unfilter(row, above, back);
                for (int x = 0; x < columns; x++) {
                    put(row, x, mode, samples, (y * width + pass[0] + x * pass[2]) * mode.bytes);
                }
                byte[] swap = above;
                above = row;
                row = swap;
            }
        }
    }

    private void fill(Inflater inflater, Iterator<byte[]> chunks, byte[] row, int y) throws DataFormatException {
        int have = 0;
        while (have < row.length) {
            int more = inflater.inflate(row, have, row.length - have);
            have += more;
            if (more == 0) {
                if (inflater.finished() || !inflater.needsInput() || !chunks.hasNext()) {
                    throw new InputException(
                            "The PNG file is truncated: its data end in row " + y + " of " + height,
                            "fetch or save the picture again");
                }
                inflater.setInput(chunks.next());
            }
        }
    }

    /** Byte 0 of a row names the filter; the rest becomes plain bytes in place. */
    private static void unfilter(byte[] row, byte[] above, int back) {
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = 1 + back; i < row.length; i++) {
                    row[i] += row[i - back];
                }
            }
            case 2 -> {
                for (int i = 1; i < row.length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > back ? row[i - back] & 255 : 0;
                    row[i] += (byte) (left + (above[i] & 255) >> 1);
                }
            }
            case 4 -> {
                for (int i = 1; i < row.length; i++) {
                    boolean first = i <= back;
                    row[i] += paeth(first ? 0 : row[i - back] & 255, above[i] & 255, first ? 0 : above[i - back] & 255);
                }
            }
            default -> throw new InputException("The PNG file is damaged: there is no row filter " + row[0]);
        }
    }

    /** The neighbour nearest to left + up - corner. */
    private static byte paeth(int left, int up, int corner) {
        int toLeft = Math.abs(up - corner);
        int toUp = Math.abs(left - corner);
        int toCorner = Math.abs(left + up - 2 * corner);
        if (toLeft <= toUp && toLeft <= toCorner) {
            return (byte) left;
        }
        return (byte) (toUp <= toCorner ? up : corner);
    }

    /** Pixel x of a row as the mode has it: the high byte of 16-bit colours, but both of 16-bit grey. */
    private void put(byte[] row, int x, Mode mode, byte[] samples, int to) {
        if (depth < 8) {
            int bit = x * depth;
            int value = (row[1 + bit / 8] & 255) >> 8 - depth - bit % 8 & (1 << depth) - 1;
            samples[to] = (byte) (type == INDEXED ? value : value * (255 / ((1 << depth) - 1)));
        } else if (depth == 8) {
            System.arraycopy(row, 1 + x * mode.bytes, samples, to, mode.bytes);
        } else if (type == GREY) {
            samples[to] = row[2 + 2 * x];
            samples[to + 1] = row[1 + 2 * x];
        } else {
            putDeep(row, 1 + x * channels() * 2, samples, to);
        }
    }

    private void putDeep(byte[] row, int from, byte[] samples, int to) {
        boolean grey = type == GREY_ALPHA;
        samples[to] = row[from];
        samples[to + 1] = row[grey ? from : from + 2];
        samples[to + 2] = row[grey ? from : from + 4];
        if (type != RGB) {
            samples[to + 3] = row[grey ? from + 2 : from + 6];
        }
    }
}
