"""The same clip by qwen-vl-utils: python reference.py CLIP READER (torchcodec, decord), on two threads."""
import os
import resource
import sys
import time

os.environ["TORCHCODEC_NUM_THREADS"] = "2"
os.environ["FORCE_QWENVL_VIDEO_READER"] = sys.argv[2]
import torch  # noqa: E402
from qwen_vl_utils import fetch_video  # noqa: E402

torch.set_num_threads(2)
start, cpu = time.time(), time.process_time()
video = fetch_video({"video": sys.argv[1], "fps": 1.0, "max_frames": 768})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{sys.argv[2]} {tuple(video.shape)} wall {time.time() - start:.2f} s, cpu {time.process_time() - cpu:.2f} s, peak {peak // 1024} MB")
