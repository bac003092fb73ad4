"""Writes ../resources/assets/expected-pixels.json: what the reference makes of the pictures in the folder beside it.

pip install pillow==13.0.0 torch==2.13.0 torchvision==0.28.0 transformers==5.23.0 qwen-vl-utils==0.0.14
python expected_images.py
"""

import hashlib
import json
import pathlib
import warnings

import numpy
import PIL
import torch
import torchvision
import transformers
from PIL import Image, ImageOps
from qwen_vl_utils.vision_process import to_rgb
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as first
from torchvision.transforms.v2 import functional
from transformers.image_processing_backends import TorchvisionBackend
from transformers.image_transforms import convert_to_rgb, normalize, rescale
from transformers.image_utils import load_image, load_image_as_tensor

warnings.simplefilter("ignore")
ASSETS = pathlib.Path(__file__).parent.parent / "resources" / "assets"
FOLDER = ASSETS / "images"
SUFFIXES = {".png", ".jpg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pfm", ".tga", ".ico", ".mpo", ".jp2", ".j2k"}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def picture(path):
    try:
        image = Image.open(path)
        image.load()
    except OSError as e:
        return {"error": str(e)}
    transparent = "A" in image.getbands() or image.info.get("transparency") is not None
    return {
        "mode": "I;16" if image.mode == "I;16B" else image.mode,
        "width": image.width,
        "height": image.height,
        "transparency": transparent,
        "rgb": sha(image.convert("RGB").tobytes()),
        "upright": sha(ImageOps.exif_transpose(image).convert("RGB").tobytes()),
        "over_white": sha(convert_to_rgb(Image.open(path)).tobytes()),
        "qwen_vl_utils": sha(to_rgb(Image.open(path)).tobytes()),
        # What processors make of the pictures of the front ends, of which two keep a transparent colour.
        "load_image_over_white": sha(convert_to_rgb(load_image(str(path))).tobytes()),
        "qwen_vl_utils_over_white": sha(convert_to_rgb(to_rgb(Image.open(path))).tobytes()),
        "torchvision": by_torchvision(path),
    }


def by_torchvision(path):
    """None where it refuses, or gives what no processor takes: a stack of frames, or 16-bit values."""
    try:
        tensor = load_image_as_tensor(str(path))
    except RuntimeError:
        return None
    if tensor.ndim != 3 or tensor.dtype != torch.uint8:
        return None
    return sha(tensor.permute(1, 2, 0).contiguous().numpy().tobytes())


def resampled():
    cases = []
    for name in ("hopper.png", "chelsea.png", "made/h1v2_61_61.jpg"):
        w, h = Image.open(FOLDER / name).size
        sizes = [(2, 3), (w, h // 2), (w // 2, h), (2 * w + 1, 3 * h), (w + 1, h - 1), (w - 1, h + 1),
                 (37, 41), (300, 17), (5, 200), (224, 224)]
        cases += [resize(name, width, height, filter) for width, height in sizes
                  for filter in ("BILINEAR", "BICUBIC", "LANCZOS")]
    # Qwen's sizes of these: Pillow 13 takes the columns first.
    return cases + [resize("rocket.jpg", 644, 420, "BICUBIC"), resize("elephant-660-480.jpg", 672, 476, "BICUBIC"),
                    resize("pil123p.png", 168, 140, "BICUBIC")]


def resize(name, width, height, filter):
    image = Image.open(FOLDER / name).convert("RGB")
    tensor = torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1).contiguous()
    mode = getattr(InterpolationMode, filter)
    resized = functional.resize(tensor, [height, width], interpolation=mode, antialias=True)
    return {
        "image": name,
        "width": width,
        "height": height,
        "filter": filter,
        "PIL": sha(image.resize((width, height), getattr(Image.Resampling, filter)).tobytes()),
        "TORCHVISION": sha(resized.permute(1, 2, 0).contiguous().numpy().tobytes()),
    }


def resampled_as_floats():
    """Little-endian float32 of (height, width, 3), and the bytes of torchvision's first resize, which rounds them."""
    cases = []
    for name in ("hopper.png", "chelsea.png", "coffee.png"):
        w, h = Image.open(FOLDER / name).size
        for width, height in [(56, 84), (w, 308), (504, h), (w + 1, h - 1), (280, 280), (147, 33), (w * 2 // 3, h * 4 // 3)]:
            tensor = torch.from_numpy(numpy.asarray(Image.open(FOLDER / name).convert("RGB")).copy()).permute(2, 0, 1)
            floats = torch.nn.functional.interpolate(
                tensor[None].float(), size=(height, width), mode="bicubic", antialias=True, align_corners=False)[0]
            rounded = first.resize(tensor, [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True)
            cases.append({
                "image": name,
                "width": width,
                "height": height,
                "floats": sha(floats.permute(1, 2, 0).contiguous().numpy().astype("<f4").tobytes()),
                "bytes": sha(rounded.permute(1, 2, 0).contiguous().numpy().tobytes()),
            })
    return cases


def normalized():
    """The (3, 256) tables as little-endian float32."""
    values = numpy.tile(numpy.arange(256, dtype=numpy.uint8), (3, 1))[:, None, :]  # (3, 1, 256)
    tensor = torch.from_numpy(values)
    constants = {
        "clip": ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
        "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "half": ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    }
    backend = TorchvisionBackend.__new__(TorchvisionBackend)
    cases = []
    for factor in (1 / 255, 0.00392156862745098, 1 / 127.5, 1.0):
        for name, (mean, std) in constants.items():
            pil = normalize(rescale(values, factor, input_data_format="channels_first"), mean, std,
                            input_data_format="channels_first")
            fused = backend.rescale_and_normalize(tensor, True, factor, True, tuple(mean), tuple(std))
            cases.append({"rescale_factor": factor, "constants": name, "mean": mean, "std": std,
                          "PIL": sha(pil.astype("<f4").tobytes()), "TORCHVISION": sha(fused.numpy().astype("<f4").tobytes())})
        cases.append({"rescale_factor": factor, "constants": "none", "mean": [], "std": [],
                      "PIL": sha(rescale(values, factor, input_data_format="channels_first").astype("<f4").tobytes()),
                      "TORCHVISION": sha(backend.rescale(tensor, factor).numpy().astype("<f4").tobytes())})
    return cases


paths = sorted(p for p in FOLDER.rglob("*") if p.suffix in SUFFIXES)
expected = {
    "made_with": f"expected_images.py: Pillow {PIL.__version__}, torch {torch.__version__}, torchvision"
                 f" {torchvision.__version__}, transformers {transformers.__version__}",
    "pictures": {str(p.relative_to(FOLDER)): picture(p) for p in paths},
    "resampled": resampled(),
    "resampled_as_floats": resampled_as_floats(),
    "normalized": normalized(),
}
(ASSETS / "expected-pixels.json").write_text(json.dumps(expected, indent=1) + "\n")
