"""Which frames of a video file the front ends of the reference choose: python expected_sampling.py > sampling.json."""
import hashlib
import json
import random
import struct
import sys
import warnings

import torch
from qwen_vl_utils import vision_process
from transformers import Qwen2VLVideoProcessor
from transformers.video_utils import VideoMetadata

warnings.simplefilter("ignore")
random.seed(14)
RATES = [10, 23.976023976023978, 24, 24.0120060030015, 25, 29.97002997002997, 30, 50, 59.94005994005994, 13.57466063348416]


def shown(indices):
    packed = struct.pack(f"<{len(indices)}i", *indices)
    return {"count": len(indices), "sha256": hashlib.sha256(packed).hexdigest()} if len(indices) > 8 else {"indices": indices}


def utils(total, fps, item):
    try:
        start, end, count = vision_process.calculate_video_frame_range(item, total, fps)
        n = vision_process.smart_nframes(item, total_frames=count, video_fps=fps)
        return shown(torch.linspace(start, end, n).round().long().tolist()) | {"total": count}
    except (ValueError, AssertionError):
        return {"error": True}


def transformers(total, fps, call):
    processor = Qwen2VLVideoProcessor()
    try:
        indices = processor.sample_frames(VideoMetadata(total_num_frames=total, fps=fps), **call).tolist()
    except (ValueError, ZeroDivisionError, RuntimeError):
        return {"error": True}
    # One too many by rounding: the reference then fails, and Fovea drops it.
    return shown(indices[:-1] if indices and indices[-1] == total else indices)


def total():
    return random.choice([random.randint(1, 12), random.randint(2, 400), random.randint(2, 18000)])


def item(t, fps):
    options = {}
    if random.random() < 0.3:
        options["nframes"] = random.choice([1, 2, 5, 7, 16, 64, t, t + 2])
    elif random.random() < 0.7:
        options["fps"] = random.choice([0.5, 1, 2, 4, 7.5, 60])
        if random.random() < 0.3:
            options["min_frames"] = random.choice([1, 3, 4, 100])
        if random.random() < 0.3:
            options["max_frames"] = random.choice([3, 4, 9, 100, 1000])
    if random.random() < 0.3:
        options["video_start"] = round(random.uniform(-1, t / fps), 2)
    if random.random() < 0.3:
        options["video_end"] = round(random.uniform(0, t / fps * 1.2), 2)
    return options


cases = {"qwen_vl_utils": [], "transformers": []}
for _ in range(160):
    t, fps = total(), random.choice(RATES)
    options = item(t, fps)
    cases["qwen_vl_utils"].append({"total": t, "fps": fps, "item": options} | {"expected": utils(t, fps, options)})
for t, fps, call in [(115, 25, {"fps": 2}), (75, 25, {"num_frames": 14}), (75, 25, {"num_frames": 28}), (75, 25, {"num_frames": 56})]:
    cases["transformers"].append({"total": t, "fps": fps, "call": call} | {"expected": transformers(t, fps, call)})
for _ in range(120):
    t, fps = total(), random.choice(RATES)
    call = random.choice([{"fps": random.choice([0.5, 1, 2, 4, 60])}, {"num_frames": random.choice([1, 2, 5, 14, 64, min(t, 999)])}])
    cases["transformers"].append({"total": t, "fps": fps, "call": call} | {"expected": transformers(t, fps, call)})
json.dump(cases, sys.stdout, indent=0)
