package dev.fovea.media;

import dev.fovea.error.InputException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Formats of pictures that people have and Fovea does not decode: each with its mark and the way to one that it does. */
record ForeignFormat(String name, int at, List<String> marks, String remedy) {

    private static final String MAGICK = "Convert it, as by: magick FILE picture.png";

    private static final List<ForeignFormat> KNOWN = List.of(
            new ForeignFormat(
                    "HEIC",
                    4,
                    List.of("ftypheic", "ftypheix", "ftyphevc", "ftypheim", "ftypheis", "ftypmif1", "ftypmsf1"),
                    "Convert it, as by: heif-convert FILE picture.png; on a Mac: sips -s format png FILE --out picture.png"),
            new ForeignFormat(
                    "JPEG XL", 0, List.of("\u00ff\n", "\0\0\0\fJXL "), "Convert it, as by: djxl FILE picture.png"),
            new ForeignFormat("PAM", 0, List.of("P7\n"), "Convert it, as by: pamtopng FILE > picture.png"),
            new ForeignFormat("SVG", 0, List.of("<svg", "<?xml"), "Draw it, as by: rsvg-convert FILE -o picture.png"),
            new ForeignFormat("PDF", 0, List.of("%PDF-"), "Draw its pages, as by: pdftoppm -png FILE page"),
            new ForeignFormat("Photoshop", 0, List.of("8BPS"), MAGICK),
            new ForeignFormat("QOI", 0, List.of("qoif"), MAGICK),
            new ForeignFormat("DirectDraw", 0, List.of("DDS "), MAGICK));

    /** Throws {@link InputException} where the bytes begin with a mark of these. */
    static void refuse(byte[] bytes) {
        String opening = new String(bytes, 0, Math.min(32, bytes.length), StandardCharsets.ISO_8859_1);
        for (ForeignFormat format : KNOWN) {
            if (format.marks.stream().anyMatch(mark -> opening.startsWith(mark, format.at))) {
                throw new InputException(
                        "This is a picture in the format " + format.name + ", which Fovea does not read",
                        format.remedy);
            }
        }
    }
}
