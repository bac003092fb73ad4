#!/usr/bin/env bash
# sharp 0.35.5, with libvips 8.18.7 and libheif 1.23.5 in it: an AVIF can hold its colours already multiplied by the alpha, which compresses
# better and is marked by a reference `prem` from the picture to its alpha (MIAF, 7.3.5.2); avifenc and Pillow write it. sharp takes the
# products for the colours: what is a fifth opaque has a fifth of its brightness, and flatten multiplies once more, so that soft edges
# and shadows of a cut-out go dark before a model or a person sees them. No error, no word of it in metadata(). Of TIFF, which has the same
# mark, libvips divides by the alpha (libvips/libvips#1159), and libheif tells its callers of the mark. Expected was the same picture from
# both files, as libavif in Pillow reads it.
# Seen: orange at alpha 51 of 255, brightness to the nearest 10 %: Pillow 100 and 100, sharp 100 and 20; on white 100 and 90
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
echo '{"type": "module"}' >package.json
npm install --silent --no-audit --no-fund sharp@0.35.5 >/dev/null
cat >main.py <<'PY'
from PIL import Image

picture = Image.new("RGBA", (64, 64), (240, 120, 40, 51))
for name, premultiplied in (("straight", False), ("multiplied", True)):
    picture.save(f"{name}.avif", quality=100, subsampling="4:4:4", alpha_premultiplied=premultiplied)
    with open(f"{name}.avif", "rb") as file:
        assert (b"prem" in file.read()) == premultiplied
    red, green, blue, alpha = Image.open(f"{name}.avif").getpixel((32, 32))
    print(f"{name}: Pillow {round((red + green + blue) / 40) * 10} %, alpha {alpha}")
PY
cat >main.js <<'JS'
import sharp from "sharp";

async function pixel(image) {
    return [...(await image.extract({ left: 32, top: 32, width: 1, height: 1 }).raw().toBuffer())];
}
for (const name of ["straight", "multiplied"]) {
    const [red, green, blue, alpha] = await pixel(sharp(`${name}.avif`));
    const white = await pixel(sharp(`${name}.avif`).flatten({ background: "white" }));
    const brightness = Math.round((red + green + blue) / 40) * 10;
    console.log(`${name}: sharp ${brightness} %, alpha ${alpha}, on white ${Math.round((white[0] + white[1] + white[2]) / 69.2) * 10} %`);
}
JS
seen=$(venv/bin/python main.py && node main.js)
echo "$seen"
[ "$seen" = "straight: Pillow 100 %, alpha 51
multiplied: Pillow 100 %, alpha 51
straight: sharp 100 %, alpha 51, on white 100 %
multiplied: sharp 20 %, alpha 51, on white 90 %" ]
