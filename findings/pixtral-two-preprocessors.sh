#!/usr/bin/env bash
# mistral-common 1.13.1 and transformers 5.23.0 prepare a picture for the same checkpoints (Pixtral, and Mistral Small with its merged
# patches): one is the model's maker's own, which servers use in their mistral mode, the other is the port. Expected was the same grid of
# tokens, and pixels within rounding. But the maker's shrinks by OpenCV's cubic filter, which has no antialiasing, and the port by
# Pillow's or torchvision's, which have: thin lines of a scan are ragged in one and grey in the other. And the maker's rounds the shorter
# side where the port rounds it down (a comment in its source says why), so that three pictures in a hundred have one row or column of
# tokens more. Who trains or compares by one and serves by the other gives the model another picture.
# Seen: a scan of A4 at 300 dpi: largest difference 181 of 255, 13.6 % of all values off by more than 32; 1425 x 1898: 49 and 48 columns.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "mistral-common[image]==1.13.1" opencv-python-headless==5.0.0.93 \
    transformers==5.23.0 pillow==13.0.0 numpy==2.3.5
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
import numpy as np
from mistral_common.protocol.instruct.chunk import ImageChunk
from mistral_common.tokens.tokenizers.image import ImageConfig, ImageEncoder, SpecialImageIDs
from PIL import Image
from transformers import PixtralImageProcessorPil

maker = ImageEncoder(ImageConfig(image_patch_size=16, max_image_size=1024), SpecialImageIDs(10, 12, 13))
port = PixtralImageProcessorPil()


def both(picture):
    pixels = (maker(ImageChunk(image=picture)).image, np.asarray(port(picture, return_tensors="np")["pixel_values"][0]))
    mean, std = np.reshape(port.image_mean, (3, 1, 1)), np.reshape(port.image_std, (3, 1, 1))
    return [(each * std + mean) * 255 for each in pixels]


scan = np.full((3508, 2480), 255, dtype=np.uint8)
for y in range(300, 3200, 48):
    for x in range(250, 2200, 14):
        scan[y : y + 24, x : x + 3] = 0
a, b = both(Image.fromarray(scan).convert("RGB"))
difference = np.abs(a - b)
print(f"largest {difference.max():.0f}, more than 32: {100 * (difference > 32).mean():.1f} %", end="; ")
a, b = both(Image.new("RGB", (1425, 1898)))
print("columns", a.shape[2] // 16, b.shape[2] // 16)
PY
)
echo "$seen"
[ "$seen" = "largest 181, more than 32: 13.6 %; columns 49 48" ]
