#!/usr/bin/env bash
# ICEpdf 7.3.2, which draws PDFs in pure Java: a picture whose Decode array is [1 0], by which PDF (ISO 32000-1, 8.9.5.2) says that its samples
# count the other way round, is drawn as its negative where it has 2 or 4 bits of grey, or RGB: there the array has no effect.
# With 1 and 8 bits of grey it has. And a picture of 16 bits of grey is not drawn at all, the page stays white; in RGB it is. Black
# pages with white writing, or empty ones, go on to a model or a reader of text, with no error or exception. No issue of it was found.
# Expected was what PDFBox 3.0.8 draws, and PDFium and MuPDF too.
# Seen: 25 % ink: ICEpdf 75 % of it with Decode in 2 and 4 bits and in RGB, 0 % of 16 bits; PDFBox 25 % of all
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.github.pcorless.icepdf</groupId><artifactId>icepdf-core</artifactId><version>7.3.2</version></dependency>
    <dependency><groupId>org.apache.pdfbox</groupId><artifactId>pdfbox</artifactId><version>3.0.8</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.rendering.PDFRenderer;
import org.icepdf.core.pobjects.Document;
import org.icepdf.core.pobjects.Page;
import org.icepdf.core.util.GraphicsRenderingHints;

public class Main {
    static final int SIDE = 32;

    /** A page that is one picture, white with a black square. */
    static Path page(int bits, int channels, boolean inverted) throws Exception {
        StringBuilder samples = new StringBuilder();
        for (int i = 0; i < SIDE * SIDE; i++) {
            boolean ink = i / SIDE / 8 % 3 != 0 && i % SIDE / 8 % 3 != 0;
            for (int bit = 0; bit < bits * channels; bit++) {
                samples.append(ink == inverted ? '1' : '0');
            }
        }
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < samples.length(); i += 4) {
            data.append(samples.charAt(i) == '1' ? 'f' : '0');
        }
        String space = channels == 1 ? "/DeviceGray" : "/DeviceRGB";
        String decode = inverted ? "/Decode[" + "1 0 ".repeat(channels) + "]" : "";
        String drawing = "q " + SIDE + " 0 0 " + SIDE + " 0 0 cm /I Do Q";
        List<String> objects = List.of(
                "<</Type/Catalog/Pages 2 0 R>>",
                "<</Type/Pages/Kids[3 0 R]/Count 1>>",
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 " + SIDE + " " + SIDE + "]/Contents 5 0 R/Resources<</XObject<</I 4 0 R>>>>>>",
                "<</Type/XObject/Subtype/Image/Width " + SIDE + "/Height " + SIDE + "/BitsPerComponent " + bits + "/ColorSpace" + space
                        + decode + "/Filter/ASCIIHexDecode/Length " + (data.length() + 1) + ">>\nstream\n" + data + ">\nendstream",
                "<</Length " + drawing.length() + ">>\nstream\n" + drawing + "\nendstream");
        StringBuilder pdf = new StringBuilder("%PDF-1.7\n");
        StringBuilder table = new StringBuilder("0000000000 65535 f \n");
        for (int i = 0; i < objects.size(); i++) {
            table.append(String.format(Locale.ROOT, "%010d 00000 n \n", pdf.length()));
            pdf.append(i + 1).append(" 0 obj\n").append(objects.get(i)).append("\nendobj\n");
        }
        int start = pdf.length();
        pdf.append("xref\n0 6\n").append(table).append("trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n").append(start).append("\n%%EOF\n");
        return Files.writeString(Path.of("page.pdf"), pdf);
    }

    static String dark(BufferedImage image) {
        int dark = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            dark += (image.getRGB(i % SIDE, i / SIDE) & 255) < 128 ? 1 : 0;
        }
        return 100 * dark / (SIDE * SIDE) + " %";
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("java.awt.headless", "true");
        for (int[] kind : new int[][] {{1, 1}, {2, 1}, {4, 1}, {8, 1}, {16, 1}, {8, 3}}) {
            List<String> line = new ArrayList<>();
            for (boolean inverted : new boolean[] {false, true}) {
                Path file = page(kind[0], kind[1], inverted);
                Document document = new Document();
                document.setFile(file.toString());
                BufferedImage image = (BufferedImage) document.getPageImage(0, GraphicsRenderingHints.PRINT, Page.BOUNDARY_CROPBOX, 0, 1);
                document.dispose();
                try (var other = Loader.loadPDF(file.toFile())) {
                    String expected = dark(new PDFRenderer(other).renderImage(0));
                    line.add((inverted ? "with Decode: " : "plain: ") + "ICEpdf " + dark(image) + ", PDFBox " + expected);
                }
            }
            System.out.println(kind[0] + (kind[1] == 1 ? " bits of grey, " : " bits of RGB, ") + String.join("; ", line));
        }
        System.exit(0);
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >/dev/null
seen=$(java -cp 'lib/*' Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "1 bits of grey, plain: ICEpdf 25 %, PDFBox 25 %; with Decode: ICEpdf 25 %, PDFBox 25 %
2 bits of grey, plain: ICEpdf 25 %, PDFBox 25 %; with Decode: ICEpdf 75 %, PDFBox 25 %
4 bits of grey, plain: ICEpdf 25 %, PDFBox 25 %; with Decode: ICEpdf 75 %, PDFBox 25 %
8 bits of grey, plain: ICEpdf 25 %, PDFBox 25 %; with Decode: ICEpdf 25 %, PDFBox 25 %
16 bits of grey, plain: ICEpdf 0 %, PDFBox 25 %; with Decode: ICEpdf 0 %, PDFBox 25 %
8 bits of RGB, plain: ICEpdf 25 %, PDFBox 25 %; with Decode: ICEpdf 75 %, PDFBox 25 %" ]
