#!/usr/bin/env bash
# imageio 2.38.1 with its plugin for PyAV 18.1.0: imread(clip, index=n) reads another frame than the n-th wherever a clip's first picture is not shown at
# time 0: where sound comes first, after a cut without encoding, in every MPEG transport stream. The index is made a time by the
# rate alone, and the keyframe's time an index again; the start of the stream is never taken off. So from the third frame on one gets
# what lies that much earlier, the first one again and again to begin with, or the keyframe only. Going through by imiter is right,
# and so is index 0 and 1. The rate is constant here, and the plugin is said to seek to the exact frame; no error, and no issue of this
# was found (imageio/imageio#938 and #949 are of its other plugin). Frames carry their number in bars; expected was n.
# Seen: 25 a second, asked for 2, 10, 20, 30: from 0 on right; from 0.5 s on 0, 0, 8, 18; in a transport stream 8, 16, 24, 32
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet imageio==2.38.1 av==18.1.0 numpy==2.4.6 pillow==13.0.0
cat >main.py <<'PY'
from fractions import Fraction

import av
import imageio.v3 as iio
import numpy as np


def picture(number):
    bars = [255 * (number >> bit & 1) for bit in range(6)]
    return np.repeat(np.repeat(np.array(bars, np.uint8), 16)[None, :, None], 64, 0).repeat(3, 2)


def number(frame):
    return sum(int(frame[16:48, 16 * bit + 4 : 16 * bit + 12].mean() > 128) << bit for bit in range(6))


for name, start in (("clip.mp4", 0), ("clip.mp4", 500), ("clip.mkv", 500), ("clip.ts", 0)):
    with av.open(name, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = 12
        stream.options = {"crf": "5"}
        for i in range(40):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24")
            frame.pts, frame.time_base = start + 40 * i, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert [number(frame) for frame in iio.imiter(name, plugin="pyav")] == list(range(40))
    found = [f"{i} {number(iio.imread(name, index=i, plugin='pyav'))}" for i in (0, 1, 2, 10, 20, 30)]
    print(f"{name} from {start} ms on, asked and found: {', '.join(found)}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "clip.mp4 from 0 ms on, asked and found: 0 0, 1 1, 2 2, 10 10, 20 20, 30 30
clip.mp4 from 500 ms on, asked and found: 0 0, 1 1, 2 0, 10 0, 20 8, 30 18
clip.mkv from 500 ms on, asked and found: 0 0, 1 1, 2 0, 10 0, 20 8, 30 18
clip.ts from 0 ms on, asked and found: 0 0, 1 1, 2 8, 10 16, 20 24, 30 32" ]
