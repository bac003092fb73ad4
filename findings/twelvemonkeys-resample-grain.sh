#!/usr/bin/env bash
# TwelveMonkeys 3.15.0 (common-image), ResampleOp, which resizes pictures in pure Java by a filter of one's choice: the weights of the samples
# are not made to sum to 1. When a picture is enlarged, FILTER_HAMMING makes it lighter up to white, FILTER_BLACKMAN and FILTER_BLACKMAN_BESSEL
# darken it in a pattern of lines, FILTER_GAUSSIAN does both by turns. What hides it: samples that are all the same are copied without
# being weighed, so that a test chart of flat areas stays as it is and a grey sheet of paper with the slightest grain does not. Photos and
# scans go on to a model with another brightness. No error; the Javadoc names the filters without a word of it, and no issue of it
# was found. Expected was a grain of 199 and 201 that stays there, as java-image-scaling 0.8.6 leaves it with Mitchell's filter.
# Seen: that grain at 3/2 of its size: Hamming 201 to 255, Blackman 115 to 201, Bessel 183 to 185, Gaussian 187 to 206; a flat 200 is 200 in all
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.twelvemonkeys.common</groupId><artifactId>common-image</artifactId><version>3.15.0</version></dependency>
    <dependency><groupId>com.mortennobel</groupId><artifactId>java-image-scaling</artifactId><version>0.8.6</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import com.mortennobel.imagescaling.ResampleFilters;
import com.twelvemonkeys.image.ResampleOp;
import java.awt.image.BufferedImage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;

public class Main {
    static final int SIDE = 60;

    static BufferedImage picture(int grain) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int grey = 200 + ((i % SIDE + i / SIDE) % 2 == 0 ? grain : -grain);
            image.setRGB(i % SIDE, i / SIDE, grey << 16 | grey << 8 | grey);
        }
        return image;
    }

    static String range(BufferedImage image) {
        int least = 255;
        int most = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int green = image.getRGB(x, y) >> 8 & 255;
                least = Math.min(least, green);
                most = Math.max(most, green);
            }
        }
        return least + ".." + most;
    }

    public static void main(String[] args) {
        System.setProperty("java.awt.headless", "true");
        Map<String, BiFunction<BufferedImage, Integer, BufferedImage>> filters = new LinkedHashMap<>();
        filters.put("triangle", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_TRIANGLE).filter(image, null));
        filters.put("Mitchell", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_MITCHELL).filter(image, null));
        filters.put("Lanczos", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_LANCZOS).filter(image, null));
        filters.put("Gaussian", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_GAUSSIAN).filter(image, null));
        filters.put("Hamming", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_HAMMING).filter(image, null));
        filters.put("Blackman", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_BLACKMAN).filter(image, null));
        filters.put("Bessel", (image, side) -> new ResampleOp(side, side, ResampleOp.FILTER_BLACKMAN_BESSEL).filter(image, null));
        filters.put("java-image-scaling", (image, side) -> {
            var other = new com.mortennobel.imagescaling.ResampleOp(side, side);
            other.setFilter(ResampleFilters.getMitchellFilter());
            return other.filter(image, null);
        });
        filters.forEach((name, filter) -> System.out.println(name + ": flat " + range(filter.apply(picture(0), SIDE * 3 / 2)) + ", grain in half size "
                + range(filter.apply(picture(1), SIDE / 2)) + ", 3/2 " + range(filter.apply(picture(1), SIDE * 3 / 2)) + ", double "
                + range(filter.apply(picture(1), SIDE * 2))));
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib >/dev/null
seen=$(java -cp 'lib/*' Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "triangle: flat 200..200, grain in half size 200..200, 3/2 199..201, double 199..201
Mitchell: flat 200..200, grain in half size 200..200, 3/2 199..201, double 199..201
Lanczos: flat 200..200, grain in half size 200..200, 3/2 198..201, double 197..201
Gaussian: flat 200..200, grain in half size 200..200, 3/2 187..206, double 194..207
Hamming: flat 200..200, grain in half size 200..200, 3/2 201..255, double 201..255
Blackman: flat 200..200, grain in half size 200..200, 3/2 115..201, double 136..201
Bessel: flat 200..200, grain in half size 200..200, 3/2 183..185, double 183..192
java-image-scaling: flat 200..200, grain in half size 200..200, 3/2 200..201, double 199..201" ]
