package dev.fovea.media;

import dev.fovea.error.InputException;
import dev.fovea.error.NativeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** AVIF: the container is read here, its AV1 by {@link Av1Decoder}, its colours as libavif makes RGB of them for Pillow. */
final class Avif {
    private static final String ALPHA = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha";
    private static final String OLD_ALPHA = "urn:mpeg:hevc:2015:auxid:1";

    private final HeifItems items;
    private final long maxPixels;

    private Avif(byte[] bytes, long maxPixels) {
        items = new HeifItems(bytes);
        this.maxPixels = maxPixels;
    }

    static boolean matches(byte[] bytes) {
        if (bytes.length < 16 || !HeifItems.letters(ByteBuffer.wrap(bytes), 4).equals("ftyp")) {
            return false;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        long end = Math.min(bytes.length, HeifItems.u32(in, 0));
        for (int at = 8; at + 4 <= end; at += 4) {
            String brand = HeifItems.letters(in, at);
            if (brand.equals("avif") || brand.equals("avis")) {
                return true;
            }
        }
        return false;
    }

    static DecodedImage decode(byte[] bytes, long maxPixels) {
        return new Avif(bytes, maxPixels).image();
    }

    private DecodedImage image() {
        int primary = items.primary();
        YuvPicture colours = picture(primary);
        if (items.references("prem").stream().anyMatch(r -> r.from() == primary)) {
            throw unsupported("its colours are multiplied by its transparency");
        }
        Optional<YuvPicture> alpha = items.references("auxl").stream()
                .filter(r -> r.to().contains(primary) && isAlpha(r.from()))
                .findFirst()
                .map(r -> picture(r.from()));
        return AvifPixels.image(colours, alpha).withOrientation(orientation(primary));
    }

    private boolean isAlpha(int item) {
        return items.property(item, "auxC")
                .map(p -> {
                    byte[] name = new byte[p.limit() - 4];
                    p.get(4, name);
                    String text = new String(name, StandardCharsets.US_ASCII);
                    return text.startsWith(ALPHA) || text.startsWith(OLD_ALPHA);
                })
                .orElse(false);
    }

    private YuvPicture picture(int item) {
        checkSize(item);
        YuvPicture decoded = switch (items.type(item)) {
            case "av01" -> decoded(item);
            case "grid" -> grid(item);
            default -> throw unsupported("its picture is of the kind " + items.type(item));
        };
        return items.property(item, "colr")
                .filter(c -> HeifItems.letters(c, 0).equals("nclx"))
                .map(c -> decoded.tagged(HeifItems.number(c, 8, 2), c.get(10) < 0))
                .orElse(decoded);
    }

    private void checkSize(int item) {
        ByteBuffer size = items.property(item, "ispe")
                .orElseThrow(() -> new InputException(
                        "The AVIF file does not say how large its picture is: it is damaged",
                        "fetch or save the picture again"));
        ImageFormat.AVIF.checkSize(HeifItems.u32(size, 4), HeifItems.u32(size, 8), maxPixels);
    }

    private YuvPicture decoded(int item) {
        return ServiceLoader.load(Av1Decoder.class, Av1Decoder.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new NativeException(
                        "AVIF pictures are read by the module fovea-video, which is not there",
                        "add the dependency dev.fovea:fovea-video, or convert the picture: avifdec FILE picture.png; on a Mac:"
                                + " sips -s format png FILE --out picture.png"))
                .decode(items.bytes(item));
    }

    /** Several pictures side by side, of which the last ones may reach beyond the whole. */
    private YuvPicture grid(int item) {
        ByteBuffer in = ByteBuffer.wrap(items.bytes(item));
        int columns = (in.get(3) & 255) + 1;
        int rows = (in.get(2) & 255) + 1;
        int bytes = (in.get(1) & 1) == 0 ? 2 : 4;
        int width = HeifItems.number(in, 4, bytes);
        int height = HeifItems.number(in, 4 + bytes, bytes);
        ImageFormat.AVIF.checkSize(width, height, maxPixels);
        List<Integer> cells = items.references("dimg").stream()
                .filter(r -> r.from() == item)
                .findFirst()
                .map(HeifItems.Reference::to)
                .orElse(List.of());
        if (cells.size() != rows * columns) {
            throw new InputException(
                    "The AVIF file has " + cells.size() + " cells in a grid of " + columns + " x " + rows,
                    "fetch or save the picture again");
        }
        List<YuvPicture> parts = cells.stream().map(this::picture).toList();
        return joined(parts, columns, width, height);
    }

    private static YuvPicture joined(List<YuvPicture> parts, int columns, int width, int height) {
        YuvPicture first = parts.getFirst();
        YuvPicture all = new YuvPicture(
                width,
                height,
                first.depth(),
                first.chromaX(),
                first.chromaY(),
                first.matrix(),
                first.full(),
                new short[first.planes().length][]);
        for (int plane = 0; plane < all.planes().length; plane++) {
            int wide = all.planeWidth(plane);
            int high = all.planeHeight(plane);
            all.planes()[plane] = new short[wide * high];
            for (int i = 0; i < parts.size(); i++) {
                YuvPicture part = parts.get(i);
                if (part.planes().length != all.planes().length || part.planeWidth(plane) != first.planeWidth(plane)) {
                    throw new InputException("The AVIF file has cells of several kinds in one grid");
                }
                int left = i % columns * first.planeWidth(plane);
                int top = i / columns * first.planeHeight(plane);
                int count = Math.min(part.planeWidth(plane), wide - left);
                for (int y = 0; y < Math.min(part.planeHeight(plane), high - top) && count > 0; y++) {
                    System.arraycopy(
                            part.planes()[plane],
                            y * part.planeWidth(plane),
                            all.planes()[plane],
                            (top + y) * wide + left,
                            count);
                }
            }
        }
        return all;
    }

    /** As Pillow says it in EXIF's numbers: turns and mirrors of the container, whatever EXIF itself has. */
    private int orientation(int item) {
        int turns = items.property(item, "irot").map(p -> p.get(0) & 3).orElse(0);
        int axis = items.property(item, "imir").map(p -> p.get(0) & 1).orElse(-1);
        return switch (turns) {
            case 1 -> axis < 0 ? 8 : axis == 1 ? 7 : 5;
            case 2 -> axis < 0 ? 3 : axis == 1 ? 4 : 2;
            case 3 -> axis < 0 ? 6 : axis == 1 ? 5 : 7;
            default -> axis < 0 ? 1 : axis == 1 ? 2 : 4;
        };
    }

    static InputException unsupported(String what) {
        return new InputException(
                "The AVIF file is of an unsupported kind: " + what, "convert it, as by: avifdec FILE picture.png");
    }
}
