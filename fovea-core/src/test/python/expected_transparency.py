"""Writes ../resources/assets/expected-transparency.json: pixel_values of pictures with transparency, for each loader and family.

The families are those whose processor is transformers' own; each entry is the start of the SHA-256 of little-endian float32.

pip install pillow==13.0.0 torch==2.13.0 torchvision==0.28.0 transformers==5.23.0 qwen-vl-utils==0.0.14
python expected_transparency.py
"""

import hashlib
import json
import pathlib
import warnings

import numpy
from PIL import Image
from qwen_vl_utils import process_vision_info
from transformers import AutoProcessor
from transformers.image_utils import load_image, load_image_as_tensor

warnings.simplefilter("ignore")
RESOURCES = pathlib.Path(__file__).parent.parent / "resources"
IMAGES = RESOURCES / "assets" / "images"
FAMILIES = {
    "gemma3/base": "<start_of_image>",
    "blip2/opt-saved": "",
    "qwen2_5_vl/base": "<|vision_start|><|image_pad|><|vision_end|>",
    "florence2/native": "<CAPTION>",
}
# Every mode of Pillow that a file with transparency gives: 1, L (bytes, bits), LA, P (one index, many, GIF), RGB, RGBA, I;16.
PICTURES = """
made/png_onetrns.png made/png_ltrns.png made/gif_lt.gif uncompressed_la.png p_trns_single.png made/png_p4trns.png pil123p.png
made/gif_t.gif made/png_rgbtrns.png pil123rgba.png i_trns.png transparent.webp made/bg.gif made/a.ico made/la.tga
""".split()


def by_qwen_vl_utils(path):
    return process_vision_info([{"role": "user", "content": [{"type": "image", "image": path}]}])[0][0]


LOADERS = {
    "load_image": load_image,
    "pil": Image.open,
    "qwen_vl_utils": by_qwen_vl_utils,
    "torchvision": load_image_as_tensor,
}


def pixels(processor, text, loader, path):
    try:
        picture = loader(path)
        if hasattr(picture, "dtype") and picture.dtype.itemsize > 1:
            return None  # 16 bits unscaled
        values = processor(images=picture, text=text, return_tensors="pt")["pixel_values"]
    except (RuntimeError, ValueError, TypeError) as e:
        print(path, e)
        return None
    return hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()[:16]


expected = {}
for family, text in FAMILIES.items():
    processor = AutoProcessor.from_pretrained(RESOURCES / "oracle" / family / "checkpoint")
    expected[family] = {
        name: {label: pixels(processor, text, loader, str(IMAGES / name)) for label, loader in LOADERS.items()}
        for name in PICTURES
    }
(RESOURCES / "assets" / "expected-transparency.json").write_text(json.dumps(expected, indent=1) + "\n")
