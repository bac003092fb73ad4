"""Writes ../resources/dev/fovea/models/clips.json: what the reference makes of clips that are given as frames.

pip install pillow==13.0.0 torch==2.13.0 torchvision==0.28.0 transformers==5.23.0 qwen-vl-utils==0.0.14
python expected_clips.py
"""

import hashlib
import json
import pathlib

import numpy
from qwen_vl_utils import process_vision_info
from transformers import Qwen2VLVideoProcessor
from transformers.image_utils import load_image
from transformers.video_utils import VideoMetadata

RESOURCES = pathlib.Path(__file__).parent.parent / "resources"
SMALL = {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}
WALK, FIVE, TWELVE = ("oracle/qwen2_5_vl/video/media/" + name for name in ("walk", "five", "twelve"))


def clip(frames, config=SMALL, item=None, **call):
    """A video processor with this configuration, behind load_image, or behind process_vision_info where an item is given."""
    paths = [str(path) for path in sorted((RESOURCES / frames).iterdir())]
    if item is None:
        video = numpy.stack([numpy.array(load_image(path)) for path in paths])
        options = call
    else:
        messages = [{"role": "user", "content": [{"type": "video", "video": paths, **item}]}]
        _, videos, options = process_vision_info(messages, return_video_kwargs=True, return_video_metadata=True)
        video, metadata = videos[0]
        options = call | options | {"video_metadata": [metadata]}
    processor = Qwen2VLVideoProcessor(**config)
    result = processor(videos=[video], return_metadata=True, return_tensors="pt", **options)
    return {
        "frames": frames,
        "config": config,
        "item": item,
        "call": call,
        "video_grid_thw": result["video_grid_thw"][0].tolist(),
        "second_per_grid_t": processor.temporal_patch_size / result["video_metadata"][0].sampled_fps,
        "pixel_values_videos": hashlib.sha256(result["pixel_values_videos"].numpy().astype("<f4").tobytes()).hexdigest(),
    }


def clips():
    two = {"video_metadata": [{"fps": 2, "total_num_frames": 12}]}
    sevenths = {"video_metadata": [{"fps": 7, "total_num_frames": 12, "frames_indices": [0, 3, 5]}]}
    tight = {"min_pixels": 1000, "max_pixels": 9000}
    return [
        clip(FIVE),
        clip(FIVE, {}),
        clip(FIVE, max_pixels=6272),
        clip(FIVE, {"temporal_patch_size": 1} | SMALL),
        clip(FIVE, {"temporal_patch_size": 3} | SMALL),
        clip(FIVE, {"patch_size": 10, "merge_size": 3} | tight),
        clip(FIVE, {"max_video_tokens": 40} | tight, cap_pixels_per_frame=True),
        clip(TWELVE, {"max_video_tokens": 9, "cap_pixels_per_frame": True} | tight),
        clip(TWELVE, **sevenths),
        clip(TWELVE, **two),
        clip(TWELVE, do_sample_frames=True, num_frames=7, **two),
        clip(TWELVE, do_sample_frames=True, num_frames=5),
        clip(TWELVE, do_sample_frames=True, fps=0.7, min_frames=2, **two),
        clip(TWELVE, {"do_sample_frames": True, "fps": 2, "max_frames": 7} | SMALL, **two),
        clip(WALK, item={}),
        clip(WALK, item={"min_pixels": 3136, "max_pixels": 9408}),
        clip(FIVE, item={"min_pixels": 3136, "max_pixels": 9408, "sample_fps": 3, "raw_fps": 29.97}),
        clip(FIVE, item={"min_pixels": 3136, "total_pixels": 20000}),
        clip(WALK, item={"resized_height": 90, "resized_width": 140}),
        clip(WALK, {}, item={"min_pixels": 3136, "max_pixels": 9408}),
        clip(FIVE, {"max_pixels": 5000, "min_pixels": 1000}, item={"resized_height": 112, "resized_width": 140}),
        clip(WALK, item={"min_pixels": 12544}, min_pixels=30000),
    ]


def sampled(total, rate, **options):
    processor = Qwen2VLVideoProcessor(do_sample_frames=True)
    indices = processor.sample_frames(VideoMetadata(total_num_frames=total, fps=rate), **options)
    return {"total_num_frames": total, "fps": rate, "call": options, "indices": indices.tolist()}


def samplings():
    return [
        sampled(300, 30, fps=2), sampled(301, 29.97, fps=2), sampled(90, 30, fps=2), sampled(30, 30, fps=2),
        sampled(100, 25, fps=7), sampled(7, 30, fps=60), sampled(3600, 24, fps=6), sampled(100, 10, fps=1, max_frames=5),
        sampled(100, 10, fps=1, min_frames=15), sampled(100, None, num_frames=30), sampled(399, None, num_frames=46),
        sampled(11, None, num_frames=9), sampled(12, None, num_frames=12),
    ]


(RESOURCES / "dev/fovea/models/clips.json").write_text(json.dumps({"clips": clips(), "sampled": samplings()}, indent=1) + "\n")
