#!/usr/bin/env bash
# qwen-vl-utils 0.0.14, which prepares pictures for Qwen2-VL to Qwen3-VL: what is transparent becomes white, but only of pictures in RGBA
# (QwenLM/Qwen3-VL#661). The same picture as a PNG with a palette, as pngquant and most web tools write it, as grey with alpha, or as a GIF
# has as its background the colour behind the transparency, which nobody sees and which usually is black: black writing, a formula or a
# diagram say, is gone before the model sees it. Expected was white for each, as the picture is the same: Pillow's own convert("RGBA") of
# all of them is equal.
# Seen: darkest and lightest of black writing: RGBA 0 255, palette 0 0, grey with alpha 0 0, GIF 0 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile qwen-vl-utils==0.0.14 torch==2.13.0 torchvision==0.28.0 pillow==13.0.0 numpy==2.4.6
seen=$(venv/bin/python - 2>/dev/null <<'PY'
import numpy as np
from PIL import Image, ImageDraw
from qwen_vl_utils.vision_process import fetch_image

writing = Image.new("RGBA", (112, 56), (0, 0, 0, 0))
ImageDraw.Draw(writing).rectangle((20, 20, 80, 30), fill=(0, 0, 0, 255))
writing.save("rgba.png")
writing.quantize(16).save("palette.png")
writing.convert("LA").save("grey.png")
writing.save("picture.gif")
for name in ("rgba.png", "palette.png", "grey.png", "picture.gif"):
    picture = Image.open(name)
    same = np.array_equal(picture.convert("RGBA"), writing)
    pixels = np.asarray(fetch_image({"image": picture}))
    print(f"{name} {picture.mode}: the same as RGBA {same}, darkest {pixels.min()}, lightest {pixels.max()}")
PY
)
echo "$seen"
[ "$seen" = "rgba.png RGBA: the same as RGBA True, darkest 0, lightest 255
palette.png P: the same as RGBA True, darkest 0, lightest 0
grey.png LA: the same as RGBA True, darkest 0, lightest 0
picture.gif P: the same as RGBA True, darkest 0, lightest 0" ]
