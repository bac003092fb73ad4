#!/usr/bin/env bash
# Pillow 13.0.0: in a JPEG 2000 of more than 8 bits a channel, as libraries and archives keep their scans, white becomes black. Pictures in RGB, RGBA
# and LA are brought down to 8 bits on reading; half a step is added, the surplus bits are cut off, and what gets to 256 by that is not
# held at 255 but wraps round to 0. So the brightest half step of each channel, and white with it, is turned into the darkest,
# and what is opaque becomes transparent. Grey of more than 9 bits stays in 16 bits and is right, as are pictures of 8. No error; an issue
# of it was not found, nor a word in the documentation. Expected was what OpenCV gives as 8 bits, within its rounding; the samples
# themselves are in the file, as imagecodecs, by OpenJPEG like Pillow, reads them.
# Seen: black, grey, nearly white and white of 16 bits: Pillow 0 128 255 0, OpenCV 0 127 254 255; alpha 65535 becomes 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 imagecodecs==2026.3.6 opencv-python-headless==5.0.0.93 numpy==2.4.6
cat >main.py <<'PY'
import pathlib

import cv2
import imagecodecs
import numpy as np
from PIL import Image

for bits in 8, 10, 12, 16:
    most = 2**bits - 1
    levels = np.array([0, most // 2, most - 2 ** (bits - 8), most])
    page = np.broadcast_to(levels[None, :, None], (16, 4, 4)).astype(np.uint8 if bits == 8 else np.uint16).copy()
    data = imagecodecs.jpeg2k_encode(page, level=0, reversible=True, codecformat="jp2", bitspersample=bits)
    assert np.array_equal(imagecodecs.jpeg2k_decode(data), page)
    pathlib.Path("page.jp2").write_bytes(data)
    found = np.asarray(Image.open("page.jp2"))[0]
    expected = cv2.imread("page.jp2", cv2.IMREAD_COLOR_RGB)[0]
    print(f"{levels} of {bits} bits: Pillow {found[:, 0]}, alpha {found[:, 3]}, OpenCV {expected[:, 0]}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "[  0 127 254 255] of 8 bits: Pillow [  0 127 254 255], alpha [  0 127 254 255], OpenCV [  0 127 254 255]
[   0  511 1019 1023] of 10 bits: Pillow [  0 128 255   0], alpha [  0 128 255   0], OpenCV [  0 127 254 255]
[   0 2047 4079 4095] of 12 bits: Pillow [  0 128 255   0], alpha [  0 128 255   0], OpenCV [  0 127 254 255]
[    0 32767 65279 65535] of 16 bits: Pillow [  0 128 255   0], alpha [  0 128 255   0], OpenCV [  0 127 254 255]" ]
