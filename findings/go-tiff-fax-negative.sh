#!/usr/bin/env bash
# golang.org/x/image 0.48.0, tiff, the usual reader of TIFF in Go: a scan in Group 3 or Group 4, the compressions of fax, comes back as its
# negative if its PhotometricInterpretation is BlackIsZero. TIFF 6.0 (section 11) has the reader then reverse the meaning of the white and
# black runs; here the bits are turned once in the decoder and once behind it, so that the tag never counts. Pillow writes this very tag by
# default: what Python saves as Group 4, Go opens white on black, with no error. Expected was what libtiff in Pillow and ImageIO of the JDK
# read, and what Go itself reads of the same page without compression.
# Seen: a page with 10 % ink: Go reads 90 % of Group 3 and Group 4, 10 % of the raw page and with WhiteIsZero; Pillow and the JDK 10 % of all
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
cat >main.py <<'PY'
from PIL import Image

page = Image.new("1", (400, 200), 255)
page.paste(0, (100, 60, 200, 140))
page.save("raw.tif")
page.save("group3.tif", compression="group3")
page.save("group4.tif", compression="group4")
page.save("white-is-zero.tif", compression="group4", tiffinfo={262: 0})
for name in ("raw", "group3", "group4", "white-is-zero"):
    image = Image.open(f"{name}.tif")
    ink = image.convert("L").histogram()[0]
    print(f"Pillow {name}: tag {image.tag_v2[262]}, compression {image.tag_v2[259]}, ink {100 * ink / 80000:.0f} %")
PY
cat >Main.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.io.File;
import javax.imageio.ImageIO;

public class Main {
    public static void main(String[] args) throws Exception {
        for (String name : new String[] {"raw", "group3", "group4", "white-is-zero"}) {
            BufferedImage image = ImageIO.read(new File(name + ".tif"));
            int ink = 0;
            for (int i = 0; i < 80_000; i++) {
                ink += (image.getRGB(i % 400, i / 400) & 255) == 0 ? 1 : 0;
            }
            System.out.println("JDK " + name + ": ink " + ink / 800 + " %");
        }
    }
}
JAVA
cat >go.mod <<'GO'
module finding

go 1.22
GO
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"golang.org/x/image/tiff"
)

func main() {
	for _, name := range []string{"raw", "group3", "group4", "white-is-zero"} {
		file, err := os.Open(name + ".tif")
		if err != nil {
			panic(err)
		}
		image, err := tiff.Decode(file)
		if err != nil {
			panic(err)
		}
		ink := 0
		for i := 0; i < 80000; i++ {
			if red, _, _, _ := image.At(i%400, i/400).RGBA(); red == 0 {
				ink++
			}
		}
		fmt.Printf("Go %s: ink %d %%\n", name, ink/800)
	}
}
GO
export GOPATH="$folder/go" GOCACHE="$folder/cache"
go get golang.org/x/image@v0.48.0 2>/dev/null
seen=$(venv/bin/python main.py && java Main.java && go run .)
echo "$seen"
[ "$seen" = "Pillow raw: tag 1, compression 1, ink 10 %
Pillow group3: tag 1, compression 3, ink 10 %
Pillow group4: tag 1, compression 4, ink 10 %
Pillow white-is-zero: tag 0, compression 4, ink 10 %
JDK raw: ink 10 %
JDK group3: ink 10 %
JDK group4: ink 10 %
JDK white-is-zero: ink 10 %
Go raw: ink 10 %
Go group3: ink 90 %
Go group4: ink 90 %
Go white-is-zero: ink 10 %" ]
