"""Writes small AVIF files by Pillow and FFmpeg's libraries, and what Pillow 13 sees in them: python avif.py FOLDER."""
import hashlib
import io
import json
import pathlib
import sys

import av
import numpy as np
from PIL import Image

out = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(1)


def picture(w, h):
    y, x = np.mgrid[0:h, 0:w]
    a = np.stack([(x * 5) % 256, (y * 7) % 256, ((x + y) * 3) % 256], -1).astype(np.uint8)
    a[h // 4 : h // 2, w // 4 : w // 2] = rng.integers(0, 256, (h // 2 - h // 4, w // 2 - w // 4, 3))
    return a


def save(name, image, **options):
    image.save(out / name, "AVIF", **({"quality": 70, "speed": 8} | options))


def encode(name, pix, colorspace):
    with av.open(str(out / name), "w") as c:
        s = c.add_stream("libsvtav1", rate=1, options={"crf": "20", "preset": "8"})
        s.width, s.height, s.pix_fmt = 64, 48, pix
        s.codec_context.colorspace = colorspace
        f = av.VideoFrame.from_ndarray(picture(64, 48), format="rgb24").reformat(format=pix)
        f.colorspace = colorspace
        for p in s.encode(f):
            c.mux(p)
        for p in s.encode(None):
            c.mux(p)


for sub in ("4:2:0", "4:2:2", "4:4:4", "4:0:0"):
    for reach in ("full", "limited"):
        image = Image.fromarray(picture(63, 47))
        save(f"{sub.replace(':', '')}_{reach}.avif", image.convert("L") if sub == "4:0:0" else image, subsampling=sub, range=reach)
alpha = (np.mgrid[0:48, 0:64][1] * 4).astype(np.uint8)
save("alpha.avif", Image.fromarray(np.dstack([picture(64, 48), alpha])))
save("grey_alpha.avif", Image.fromarray(picture(64, 48)).convert("LA"))
save("lossless.avif", Image.fromarray(picture(20, 30)), quality=100, subsampling="4:4:4")
for w, h in ((1, 1), (3, 5), (200, 1)):
    save(f"{w}x{h}.avif", Image.fromarray(rng.integers(0, 256, (h, w, 3)).astype(np.uint8)))
for turn in range(2, 9):
    exif = Image.Exif()
    exif[0x0112] = turn
    save(f"turn{turn}.avif", Image.fromarray(picture(24, 16)), exif=exif)
save("moving.avif", Image.fromarray(picture(32, 24)), save_all=True, append_images=[Image.fromarray(picture(32, 24)[::-1])], duration=100)
encode("ten.avif", "yuv420p10le", 2)
encode("bt709.avif", "yuv420p", 1)
encode("bt2020.avif", "yuv420p", 9)
expected = {}
for file in sorted(out.glob("*.avif")):
    image = Image.open(file)
    expected[file.name] = {
        "mode": image.mode,
        "size": list(image.size),
        "orientation": image.getexif().get(0x0112, 1),
        "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
        "rgb_sha256": hashlib.sha256(image.convert("RGB").tobytes()).hexdigest(),
    }
json.dump(expected, open(out / "expected.json", "w"), indent=1)
