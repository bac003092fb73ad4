"""The same by transformers' faster image processor, on two threads: python reference.py JPEG..."""
import io
import statistics
import sys
import time

import torch
from PIL import Image
from transformers import Gemma3ImageProcessor

torch.set_num_threads(2)
processor = Gemma3ImageProcessor(size={"height": 896, "width": 896})
ROUNDS = 20


def report(what, work):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert work()["pixel_values"].shape == (1, 3, 896, 896)
        times.append((time.perf_counter() - start) * 1e3)
    print(f"transformers {what:32} first {times[0]:7.1f}, median {statistics.median(times):6.1f}, best {min(times):6.1f} ms")


for file in sys.argv[1:]:
    jpeg = open(file, "rb").read()
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    size = f"{picture.width} x {picture.height}"
    report(size + " to pixel values", lambda: processor(picture, return_tensors="pt"))
    report(
        size + ", JPEG to pixel values",
        lambda: processor(Image.open(io.BytesIO(jpeg)).convert("RGB"), return_tensors="pt"),
    )
