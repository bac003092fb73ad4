"""Records what torchcodec 0.17.0 with FFmpeg 8.1 says of the clips: python record.py FOLDER FFMPEG > expected.json.

FFMPEG is the program of the same FFmpeg: its frames count where torchcodec, which seeks, fails or answers with other frames than
decoding from the start does (MPEG-TS, MPEG-PS, AVI with B-frames)."""
import hashlib
import json
import pathlib
import subprocess
import sys

import numpy as np
from torchcodec.decoders import VideoDecoder

clips = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if path.suffix in (".json", ".wav", ".webp"):
        continue
    d = VideoDecoder(str(path), dimension_order="NHWC")
    m = d.metadata
    raw = subprocess.run([sys.argv[2], "-v", "error", "-noautorotate", "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough",
                          "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    program = hashlib.sha256(raw).hexdigest()
    clip = {"total": len(d), "fps": m.average_fps, "size": [m.width, m.height], "all_frames_sha256": program}
    try:
        x = d.get_frames_at(list(range(len(d)))).data.numpy()
        own = hashlib.sha256(x.tobytes()).hexdigest()
        clip["torchcodec"] = "equal" if own == program else "other frames"
        if own != program:
            clip["torchcodec_sha256"] = own
    except Exception as e:
        clip["torchcodec"] = type(e).__name__
    clips[path.name] = clip
json.dump({"clips": clips}, sys.stdout, indent=1)
