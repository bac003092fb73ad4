"""Writes src/test/resources/dev/fovea/models/image-steps.json: what processors of transformers 5.23 make of one picture,
with each switch of their configuration.

    python src/test/python/expected_steps.py > src/test/resources/dev/fovea/models/image-steps.json
"""

import hashlib
import json
import sys

import numpy as np
from PIL import Image
from transformers.models.blip.image_processing_blip import BlipImageProcessor
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_clip import CLIPImageProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.gemma3.image_processing_gemma3 import Gemma3ImageProcessor
from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor


def picture(width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((3 * x * x + 7 * y + 5 * x * y + 83 * c) % 256).astype(np.uint8)


STEPS = [
    {},
    {"do_normalize": False},
    {"do_rescale": False},
    {"do_normalize": False, "do_rescale": False},
    {"do_resize": False},
    {"do_convert_rgb": False},
    {"rescale_factor": 0.01},
    {"rescale_factor": 0.01, "do_normalize": False},
    {"image_mean": 0.25, "image_std": 0.5},
    {"image_mean": [0.25], "image_std": [0.5, 0.25, 0.125]},
    {"image_mean": [0.25, 0.5]},
    {"do_normalize": None},
    {"do_rescale": None},
    {"do_normalize": None, "do_rescale": None},
    {"do_resize": None},
] + [{"resample": number} for number in (-1, 0, 1, 2, 3, 4, 5, 9)]

SQUARE = [{"size": {"height": 20, "width": 34}}, {"size": {"height": 61, "width": 34}, "resample": 0}]
CROPS = [
    {"size": {"height": 31, "width": 40}, "do_center_crop": True, "crop_size": {"height": h, "width": w}}
    for h, w in ((20, 30), (21, 31), (35, 45), (34, 29), (28, 46))
] + [
    {"size": {"height": 31, "width": 40}, "do_center_crop": True, "crop_size": 24},
    {"size": [31, 40], "do_center_crop": False},
    {"size": 24, "do_center_crop": False},
    {"size": {"height": 31, "width": 40}, "do_center_crop": False, "do_pad": False},
    {"size": {"height": 31, "width": 40}, "do_center_crop": None, "crop_size": None, "do_pad": None},
    {"size": {"height": 31, "width": 40}, "do_center_crop": None, "crop_size": {"height": 20, "width": 30}},
]
LIMITS = [
    {"size": {"longest_edge": 5000}},
    {"size": {"shortest_edge": 3136}},
    {"size": {"min_pixels": 3136, "max_pixels": 5000}},
    {"size": {"height": 56, "width": 56}},
    {"size": {"longest_edge": 5000}, "min_pixels": 3136},
    {"size": {"shortest_edge": 3136, "longest_edge": 100000}, "max_pixels": 4000},
    {"min_pixels": 5000, "max_pixels": 4000},
    {"min_pixels": 5000, "max_pixels": 100},
    {"min_pixels": 0},
    {"max_pixels": 0},
    {"min_pixels": 10000.5},
]
FIXED = {"size": {"height": 28, "width": 28}, "do_center_crop": False}

PLAN = [
    (Qwen2VLImageProcessor, {}, STEPS + LIMITS),
    (Qwen2VLVideoProcessor, {"min_pixels": 3136, "max_pixels": 12845056}, STEPS),
    (Qwen2VLVideoProcessor, {}, LIMITS),
    (Gemma3ImageProcessor, {"size": {"height": 28, "width": 28}}, STEPS + SQUARE),
    (BlipImageProcessor, FIXED, STEPS + SQUARE + CROPS),
    (BlipImageProcessorPil, FIXED, STEPS + SQUARE + CROPS),
    (CLIPImageProcessor, FIXED, STEPS + SQUARE + CROPS),
    (CLIPImageProcessorPil, FIXED, STEPS + SQUARE + CROPS),
]


def run(cls, config, array):
    if cls is Qwen2VLVideoProcessor:
        frames = np.stack([array, 255 - array])
        return cls(**config)(videos=[frames], return_tensors="pt")["pixel_values_videos"]
    return cls(**config)(images=Image.fromarray(array), return_tensors="pt")["pixel_values"]


def cases():
    for cls, base, variants in PLAN:
        for variant in variants:
            if cls.__name__.startswith("CLIP") and variant.get("size") == 24:
                continue  # the shorter side, which Fovea refuses
            if cls.__name__.endswith("Pil") and variant.get("image_mean") == [0.25]:
                continue  # fails there, and is clear: Fovea takes one number for all channels everywhere
            for width, height in ((53, 37), (56, 28)):
                config = {**base, **variant}
                case = {"class": cls.__name__, "config": config, "width": width, "height": height}
                try:
                    values = run(cls, json.loads(json.dumps(config)), picture(width, height)).float().numpy()
                    case["shape"] = list(values.shape)
                    case["sha256"] = hashlib.sha256(np.ascontiguousarray(values, "<f4").tobytes()).hexdigest()
                except Exception as e:  # noqa: BLE001
                    case["error"] = type(e).__name__
                yield case


json.dump(list(cases()), sys.stdout, indent=0)
