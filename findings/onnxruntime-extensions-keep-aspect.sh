#!/usr/bin/env bash
# onnxruntime-extensions 0.15.2, whose image processor, a JSON of steps, prepares pictures for ONNX Runtime GenAI: Resize has an option
# keep_aspect_ratio, on unless switched off, by which the shorter side gets the size asked for and a CenterCrop behind it cuts the longer one,
# as CLIP has it. It has no effect: width and height of the picture are overwritten by those asked for before the scale is taken from
# them, so that the scale is always 1. (That came with smart_resize, its pull request 1008; 1032, which mends the like in smart_resize itself, is
# in no release and leaves this.) Every picture is squeezed to the square, a wide one the most, and as CenterCrop then finds the
# right size there is no error and no other shape. The project's own file for CLIP is such a one. No issue of it was found.
# Expected was the picture that Pillow 13.0.0 makes in two steps; switched off, both agree.
# Seen: a circle of 240 in 640 x 480: on 84 x 112, off 84 x 112; Pillow 112 x 112 and 84 x 112; in 1280 x 400: 42 x 134, Pillow 134 x 134
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime-extensions==0.15.2 pillow==13.0.0 numpy==2.4.6
cat >main.py <<'PY'
import json

import numpy as np
from onnxruntime_extensions.pp_api import ImageProcessor
from PIL import Image, ImageDraw


def step(kind, **attributes):
    return {"operation": {"name": kind, "type": kind, "attrs": attributes}}


def extent(array):
    inside = array > 127
    return f"{inside.any(0).sum()} x {inside.any(1).sum()}"


for width, height in ((640, 480), (480, 640), (1280, 400)):
    picture = Image.new("RGB", (width, height))
    centre = (width / 2, height / 2)
    ImageDraw.Draw(picture).circle(centre, 119.5, fill="white")
    picture.save("picture.png")
    seen = []
    for keep in (1, 0):
        steps = [
            step("DecodeImage", color_space="RGB"),
            step("Resize", width=224, height=224, interpolation="CUBIC", keep_aspect_ratio=keep),
            step("CenterCrop", width=224, height=224),
            step("Rescale"),
        ]
        with open("processor.json", "w") as file:
            json.dump({"processor": {"name": "processor", "transforms": steps}}, file)
        processor = ImageProcessor("processor.json")
        pixels = processor.to_numpy(processor.pre_process(["picture.png"]), 0)[0]
        assert pixels.shape == (224, 224, 3)
        scale = 224 / min(width, height)
        size = (int(width * scale), int(height * scale)) if keep else (224, 224)
        resized = picture.resize(size, Image.Resampling.BICUBIC)
        left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
        expected = np.array(resized.crop((left, top, left + 224, top + 224)))
        seen.append(f"{extent(pixels[..., 0] * 255)} (Pillow {extent(expected[..., 0])})")
    print(f"{width} x {height}: on {seen[0]}, off {seen[1]}")
PY
seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "640 x 480: on 84 x 112 (Pillow 112 x 112), off 84 x 112 (Pillow 84 x 112)
480 x 640: on 112 x 84 (Pillow 112 x 112), off 112 x 84 (Pillow 112 x 84)
1280 x 400: on 42 x 134 (Pillow 134 x 134), off 42 x 134 (Pillow 42 x 134)" ]
