#!/usr/bin/env bash
# ImageJ 1.54p, whose opener is the common way to read scientific TIFF in Java: a picture of 16 bits in four interleaved samples, RGB with alpha or,
# in pictures from the air, near infrared, opens wrong when it is compressed. It is unpacked and then read as if each pixel had three samples:
# what should be skipped, the fourth, comes to stand in the channels, which change places from one pixel to the next, and the last
# quarter of the picture is lost; with PackBits that of each strip. Uncompressed the fourth sample is skipped as it should be, in 8 bits also
# compressed. Size, type and number of channels are the right ones, and there is no message; no issue of it was found (imagej/imagej2#196
# is of separate planes). Expected was what ImageIO, which wrote the files, reads back.
# Seen: 16 bits in four samples: uncompressed 0 % of the values wrong, PackBits, LZW and Deflate 99 %; in three samples or 8 bits 0 % in all
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>net.imagej</groupId><artifactId>ij</artifactId><version>1.54p</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import ij.IJ;
import ij.ImagePlus;
import ij.process.ColorProcessor;
import ij.process.ImageProcessor;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.File;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;

public class Main {
    static final int WIDTH = 120;
    static final int HEIGHT = 80;

    static BufferedImage picture(int type, int samples) {
        var space = ColorSpace.getInstance(ColorSpace.CS_sRGB);
        int transparency = samples == 4 ? Transparency.TRANSLUCENT : Transparency.OPAQUE;
        var model = new ComponentColorModel(space, samples == 4, false, transparency, type);
        WritableRaster raster = Raster.createInterleavedRaster(type, WIDTH, HEIGHT, samples, null);
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            for (int c = 0; c < samples; c++) {
                int value = (i % WIDTH + 2 * (i / WIDTH) + 60 * c) % 256;
                raster.setSample(i % WIDTH, i / WIDTH, c, type == DataBuffer.TYPE_USHORT ? 257 * value : value);
            }
        }
        return new BufferedImage(model, raster, false, null);
    }

    static void write(BufferedImage image, String compression, File file) throws Exception {
        file.delete();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setCompressionMode(compression == null ? ImageWriteParam.MODE_DISABLED : ImageWriteParam.MODE_EXPLICIT);
        if (compression != null) {
            parameters.setCompressionType(compression);
        }
        try (var output = ImageIO.createImageOutputStream(file)) {
            writer.setOutput(output);
            writer.write(null, new IIOImage(image, null, null), parameters);
        }
    }

    static int value(ImagePlus image, int i, int channel) {
        ImageProcessor processor = image.getStack().getProcessor(Math.min(channel + 1, image.getStackSize()));
        int value = processor.get(i % WIDTH, i / WIDTH);
        return processor instanceof ColorProcessor ? value >> 16 - 8 * channel & 255 : value;
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("java.awt.headless", "true");
        var out = System.out;
        System.setOut(System.err);
        File file = new File("picture.tif");
        for (int[] kind : new int[][] {{8, 4}, {16, 3}, {16, 4}}) {
            for (String compression : new String[] {null, "PackBits", "LZW", "Deflate"}) {
                Raster expected = picture(kind[0] == 16 ? DataBuffer.TYPE_USHORT : DataBuffer.TYPE_BYTE, kind[1]).getRaster();
                write(picture(expected.getTransferType(), kind[1]), compression, file);
                Raster again = ImageIO.read(file).getRaster();
                ImagePlus found = IJ.openImage("picture.tif");
                String line = kind[0] + " bits, " + kind[1] + " samples, " + (compression == null ? "uncompressed" : compression) + ": ";
                if (found == null) {
                    out.println(line + "refused");
                    continue;
                }
                int wrong = 0;
                int shifted = 0;
                int other = 0;
                for (int i = 0; i < WIDTH * HEIGHT; i++) {
                    for (int c = 0; c < 3; c++) {
                        int value = value(found, i, c);
                        wrong += value == expected.getSample(i % WIDTH, i / WIDTH, c) ? 0 : 1;
                        int j = 3 * i + c;
                        shifted += kind[1] == 4 && value == expected.getSample(j / 4 % WIDTH, j / 4 / WIDTH, j % 4) ? 1 : 0;
                        other += again.getSample(i % WIDTH, i / WIDTH, c) == expected.getSample(i % WIDTH, i / WIDTH, c) ? 0 : 1;
                    }
                }
                int all = 3 * WIDTH * HEIGHT;
                String how = wrong == 0 ? "" : ", " + 100 * shifted / all + " % as read by threes";
                out.println(line + "ImageJ " + 100 * wrong / all + " % wrong" + how + "; ImageIO " + 100 * other / all + " % wrong");
            }
        }
        System.exit(0);
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >/dev/null
seen=$(java -cp 'lib/*' Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "8 bits, 4 samples, uncompressed: ImageJ 0 % wrong; ImageIO 0 % wrong
8 bits, 4 samples, PackBits: ImageJ 0 % wrong; ImageIO 0 % wrong
8 bits, 4 samples, LZW: ImageJ 0 % wrong; ImageIO 0 % wrong
8 bits, 4 samples, Deflate: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 3 samples, uncompressed: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 3 samples, PackBits: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 3 samples, LZW: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 3 samples, Deflate: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 4 samples, uncompressed: ImageJ 0 % wrong; ImageIO 0 % wrong
16 bits, 4 samples, PackBits: ImageJ 99 % wrong, 10 % as read by threes; ImageIO 0 % wrong
16 bits, 4 samples, LZW: ImageJ 99 % wrong, 100 % as read by threes; ImageIO 0 % wrong
16 bits, 4 samples, Deflate: ImageJ 99 % wrong, 100 % as read by threes; ImageIO 0 % wrong" ]
