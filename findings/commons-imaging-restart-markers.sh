#!/usr/bin/env bash
# Apache Commons Imaging 1.0.0-alpha6, a reader of pictures in pure Java: a JPEG with restart markers, as cameras and hardware encoders
# write them so that a lost byte spoils one stripe and not the rest, comes back as noise, with no error. Reading them was mended in 2019
# (IMAGING-134). T.81 (E.2.4) has the decoder begin each interval with predictions of 0; here they run on, so that brightness and
# colour drift from interval to interval. And an interval counts as read when its last byte has been loaded, though whole blocks of even
# colour can lie in that byte: those are skipped and all behind them move up. Expected was what ImageIO of the JDK and Pillow read, and
# what Commons Imaging itself reads of the same picture without markers.
# Seen: values off by more than 40 of 255: without markers 0.0 %, one a row of blocks 92.1 %, one every 100 blocks 56.5 %; JDK none of them
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
venv/bin/python - <<'PY'
from PIL import Image, ImageDraw

picture = Image.radial_gradient("L").resize((320, 240)).convert("RGB")
ImageDraw.Draw(picture).rectangle((60, 50, 200, 150), fill=(200, 30, 30))
for name, options in (("none", {}), ("rows", {"restart_marker_rows": 1}), ("hundreds", {"restart_marker_blocks": 100})):
    picture.save(f"{name}.jpg", quality=90, subsampling=0, **options)
    with open(f"{name}.rgb", "wb") as file:
        file.write(Image.open(f"{name}.jpg").tobytes())
PY
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.commons</groupId><artifactId>commons-imaging</artifactId><version>1.0.0-alpha6</version></dependency>
  </dependencies>
</project>
XML
cat >Main.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.apache.commons.imaging.Imaging;

public class Main {
    public static void main(String[] args) throws Exception {
        for (String name : new String[] {"none", "rows", "hundreds"}) {
            byte[] pillow = Files.readAllBytes(Path.of(name + ".rgb"));
            File file = new File(name + ".jpg");
            System.out.printf(Locale.ROOT, "%s: Commons Imaging %.1f %%, JDK %.1f %%%n",
                    name, off(Imaging.getBufferedImage(file), pillow), off(ImageIO.read(file), pillow));
        }
    }

    static double off(BufferedImage image, byte[] pillow) {
        int count = 0;
        for (int i = 0; i < pillow.length; i++) {
            int pixel = image.getRGB(i / 3 % image.getWidth(), i / 3 / image.getWidth());
            count += Math.abs((pixel >> 16 - 8 * (i % 3) & 255) - (pillow[i] & 255)) > 40 ? 1 : 0;
        }
        return 100.0 * count / pillow.length;
    }
}
JAVA
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >/dev/null
seen=$(java -Djava.awt.headless=true -cp "jars/*" Main.java 2>/dev/null)
echo "$seen"
[ "$seen" = "none: Commons Imaging 0.0 %, JDK 0.0 %
rows: Commons Imaging 92.1 %, JDK 0.0 %
hundreds: Commons Imaging 56.5 %, JDK 0.0 %" ]
