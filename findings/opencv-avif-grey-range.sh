#!/usr/bin/env bash
# OpenCV 5.0.0, imread of AVIF: a grey picture in limited range, whose black is stored as 16 and white as 235 as in video, comes back as it
# is stored: for AVIFs without colour planes the samples are copied, where those with colour go through libavif's conversion, which
# heeds the range. So the same page is washed out as grey and right as RGB, asked for as colour or as grey, with no error. avifenc has a
# switch for the range and Pillow an option. (libheif has the same fault, its issue 580.) Expected was what Pillow reads, by libavif too,
# and what OpenCV itself reads of the same picture in full range.
# Seen: black and white: grey in limited range 16 235, Pillow 0 255; grey in full range and colour in limited range 0 255 in both
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
seen=$(venv/bin/python - <<'PY'
import cv2
from PIL import Image

for mode in ("L", "RGB"):
    for extent in ("full", "limited"):
        pillow, colour, grey = [], [], []
        for level in (0, 255):
            Image.new("L", (64, 64), level).convert(mode).save("a.avif", quality=100, range=extent)
            pillow.append(Image.open("a.avif").convert("L").getpixel((32, 32)))
            colour.append(int(cv2.imread("a.avif", cv2.IMREAD_COLOR)[32, 32, 0]))
            grey.append(int(cv2.imread("a.avif", cv2.IMREAD_GRAYSCALE)[32, 32]))
        print(f"{mode} {extent}: Pillow {pillow}, OpenCV as colour {colour}, as grey {grey}")
PY
)
echo "$seen"
[ "$seen" = "L full: Pillow [0, 255], OpenCV as colour [0, 255], as grey [0, 255]
L limited: Pillow [0, 255], OpenCV as colour [16, 235], as grey [16, 235]
RGB full: Pillow [0, 255], OpenCV as colour [0, 255], as grey [0, 255]
RGB limited: Pillow [0, 255], OpenCV as colour [0, 255], as grey [0, 255]" ]
