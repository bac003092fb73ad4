#!/usr/bin/env bash
# transformers 5.23.0, Qwen2VLVideoProcessor (Qwen2-VL, Qwen2.5-VL): two frames a second of a clip of 382 frames at 25 a second are 31
# frames, though temporal patches take pairs, and the last is frame 382, behind the end. The step is 382 / 30, which is rounded down,
# so that arange has one more place below 382. Frames in memory end in an IndexError, files in an error of their decoder. Of all lengths
# up to 399 it is 382 and 397 alone; at other rates others. Expected were 30 frames, as of 381 and 383.
# Seen: 381: 30; 382: 31 to frame 382; 383: 30; IndexError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 torchvision==0.28.0 pillow==13.0.0 numpy==2.4.6
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
import numpy as np
from transformers import Qwen2VLVideoProcessor
from transformers.video_utils import VideoMetadata

processor = Qwen2VLVideoProcessor()
for length in (381, 382, 383):
    metadata = VideoMetadata(total_num_frames=length, fps=25.0, duration=length / 25)
    frames = processor.sample_frames(metadata, fps=2)
    print(f"{length}: {len(frames)}" + (f" to frame {int(frames[-1])}" if frames[-1] >= length else ""), end="; ")
clip = np.zeros((382, 56, 56, 3), dtype=np.uint8)
metadata = VideoMetadata(total_num_frames=382, fps=25.0, duration=382 / 25)
try:
    processor([clip], video_metadata=[metadata], fps=2, do_sample_frames=True, return_tensors="pt")
    print("taken")
except IndexError:
    print("IndexError")
PY
)
echo "$seen"
[ "$seen" = "381: 30; 382: 31 to frame 382; 383: 30; IndexError" ]
