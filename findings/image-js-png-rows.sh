#!/usr/bin/env bash
# image-js 1.7.0 on Node reads PNGs of fewer than 8 bits a pixel askew. PNG (7.2) begins each row at a whole byte. With a palette of up
# to 16 colours, as optimisers write drawings, charts and screenshots, image-js counts on from row to row without it: where the width is
# no multiple of the pixels in a byte, each row stands further than the one above, and what is upright becomes slanted. In black and white,
# the format of scans, it means to skip what fills a row up, but skips it in the first byte instead of the last, and where nothing
# fills up, the whole first byte: wrong at every width. Size and type are right, and nothing is thrown. Expected was what Pillow and pngjs read;
# palettes of 8 bits and colour are right.
# Seen: upright bars, pixels that differ: black and white 46.9 % at a width of 64, 54.1 % at 61; 2 bits none and 74.7 %; 4 bits none and 93.6 %
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund image-js@1.7.0 pngjs@7.0.0 >/dev/null
cat >main.py <<'PY'
from PIL import Image

for width in (64, 61):
    for bits in (2, 4, 8):
        colours = 1 << bits
        drawing = Image.new("P", (width, 48))
        drawing.putpalette([256 // colours * i for i in range(colours) for _ in range(3)])
        drawing.putdata([x // 5 % colours for y in range(48) for x in range(width)])
        drawing.save(f"{width} {bits} bits.png", bits=bits)
    page = Image.new("1", (width, 48))
    page.putdata([255 * (x // 5 % 2) for y in range(48) for x in range(width)])
    page.save(f"{width} black and white.png")
    for name in ("black and white", "2 bits", "4 bits", "8 bits"):
        with open(f"{width} {name}.rgba", "wb") as file:
            file.write(Image.open(f"{width} {name}.png").convert("RGBA").tobytes())
PY
cat >main.js <<'JS'
import { readFileSync } from "node:fs";
import { decode } from "image-js";
import { PNG } from "pngjs";

function differ(data, expected) {
    let count = 0;
    for (let i = 0; i < expected.length; i += 4) {
        if (data[i] !== expected[i] || data[i + 1] !== expected[i + 1] || data[i + 2] !== expected[i + 2]) count++;
    }
    return `${((400 * count) / expected.length).toFixed(1)} %`;
}
for (const name of ["black and white", "2 bits", "4 bits", "8 bits"]) {
    const seen = [];
    for (const width of [64, 61]) {
        const file = readFileSync(`${width} ${name}.png`);
        const expected = readFileSync(`${width} ${name}.rgba`);
        const image = decode(file).convertColor("RGBA");
        seen.push(`${image.width} x ${image.height} ${differ(image.getRawImage().data, expected)}`);
        seen.push(`pngjs ${differ(PNG.sync.read(file).data, expected)}`);
    }
    console.log(`${name}: ${seen.join(", ")}`);
}
JS
venv/bin/python main.py
seen=$(node main.js)
echo "$seen"
[ "$seen" = "black and white: 64 x 48 46.9 %, pngjs 0.0 %, 61 x 48 54.1 %, pngjs 0.0 %
2 bits: 64 x 48 0.0 %, pngjs 0.0 %, 61 x 48 74.7 %, pngjs 0.0 %
4 bits: 64 x 48 0.0 %, pngjs 0.0 %, 61 x 48 93.6 %, pngjs 0.0 %
8 bits: 64 x 48 0.0 %, pngjs 0.0 %, 61 x 48 0.0 %, pngjs 0.0 %" ]
