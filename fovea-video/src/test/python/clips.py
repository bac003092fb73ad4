"""Writes small clips in many containers and codecs with PyAV: python clips.py FOLDER. What torchcodec says of them is recorded by record.py."""
import fractions
import pathlib
import sys

import av
import numpy as np
from PIL import Image

out = pathlib.Path(sys.argv[1])


def frames(n, w=96, h=64):
    for i in range(n):
        y, x = np.mgrid[0:h, 0:w]
        a = np.stack([(x * 2 + i * 5) % 256, (y * 3 + i * 9) % 256, (x + y + i * 13) % 256], -1).astype(np.uint8)
        if h > 16:
            a[(i * 3) % (h - 16) : (i * 3) % (h - 16) + 16, (i * 5) % (w - 16) : (i * 5) % (w - 16) + 16] = [250, 20, 40]
        yield a


def encode(name, codec, n=20, rate=10, pix="yuv420p", opts=None, w=96, h=64, fmt=None, times=None, tags=None):
    with av.open(str(out / name), "w", format=fmt) as c:
        s = c.add_stream(codec, rate=rate, options=opts or {})
        s.width, s.height, s.pix_fmt = w, h, pix
        if times:
            s.codec_context.time_base = fractions.Fraction(1, 100)
        for i, a in enumerate(frames(n, w, h)):
            f = av.VideoFrame.from_ndarray(a, format="rgb24").reformat(format=pix)
            if times:
                f.pts, f.time_base = times[i], fractions.Fraction(1, 100)
            for p in s.encode(f):
                c.mux(p)
        for p in s.encode(None):
            c.mux(p)


def remux(source, name, n=None):
    with av.open(str(out / source)) as i, av.open(str(out / name), "w") as o:
        si = i.streams.video[0]
        so = o.add_stream_from_template(si)
        for p in i.demux(si):
            if p.dts is not None:
                p.stream = so
                o.mux(p)


X264 = {"crf": "28", "preset": "slow", "bf": "3", "g": "12", "threads": "1"}
encode("h264.mp4", "libx264", opts=X264)
for name in ("h264.mkv", "h264.mov", "h264.ts", "h264.flv"):
    remux("h264.mp4", name)
encode("opengop.mp4", "libx264", opts=X264 | {"x264-params": "open-gop=1:keyint=8:min-keyint=8:scenecut=0"}, n=30)
encode("hevc.mkv", "libx265", opts={"crf": "30", "x265-params": "log-level=none:pools=1:frame-threads=1"})
encode("vp8.webm", "libvpx", opts={"crf": "30", "b:v": "200k"})
encode("vp9.webm", "libvpx-vp9", opts={"crf": "40", "b:v": "0"})
encode("av1.mp4", "libsvtav1", opts={"crf": "50", "preset": "10", "svtav1-params": "lp=1"}, n=10)
encode("mpeg4.avi", "mpeg4", opts={"bf": "2", "q": "6"})
encode("mjpeg.avi", "mjpeg", pix="yuvj422p", opts={"q": "8"}, n=6)
encode("h264_444.mp4", "libx264", pix="yuv444p", opts=X264, n=8)
encode("h264_422.mp4", "libx264", pix="yuv422p", opts=X264, n=8)
encode("interlaced.mp4", "libx264", opts=X264 | {"x264-params": "tff=1:interlaced=1"}, n=8)
encode("mpeg2.mpg", "mpeg2video", rate=25, opts={"q": "6", "bf": "2"})
encode("one.mp4", "libx264", opts=X264, n=1)
encode("small.webm", "libvpx-vp9", opts={"crf": "40", "b:v": "0"}, n=5, w=16, h=2)

pictures = [Image.fromarray(a) for a in frames(6)]
pictures[0].save(out / "uneven.gif", save_all=True, append_images=pictures[1:], duration=[100, 40, 200, 100, 300, 60], loop=0)
see = [p.convert("RGBA") for p in pictures]
for i, p in enumerate(see):
    p.paste((0, 0, 0, 0), (10 + 4 * i, 10, 40 + 4 * i, 40))
see[0].save(out / "transparent.gif", save_all=True, append_images=see[1:], duration=100, loop=0, disposal=2)
pictures[0].save(out / "moving.png", save_all=True, append_images=pictures[1:], duration=[100, 100, 200, 100, 100, 50], loop=0)
see[0].save(out / "moving_alpha.png", save_all=True, append_images=see[1:], duration=100, loop=0, disposal=1)
pictures[0].save(out / "moving.webp", save_all=True, append_images=pictures[1:], duration=[100, 40, 200, 100, 300, 60], quality=60)
see[0].save(out / "moving_alpha.webp", save_all=True, append_images=see[1:], duration=100, lossless=True)



def sound(name, codec, kind):
    with av.open(str(out / name), "w") as c:
        s = c.add_stream(codec, rate=8000)
        s.layout = "mono"
        f = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16 if kind == "s16" else np.float32), format=kind, layout="mono")
        f.rate, f.pts = 8000, 0
        for p in s.encode(f):
            c.mux(p)
        for p in s.encode(None):
            c.mux(p)


bad = out.parent / "bad"
bad.mkdir(exist_ok=True)
sound("sound.wav", "pcm_s16le", "s16")
sound("../bad/sound.mp4", "aac", "fltp")
with av.open(str(out / "h264.mp4")) as i:
    with av.open(str(bad / "no_frames.mp4"), "w", options={"movflags": "empty_moov"}) as o:
        o.add_stream_from_template(i.streams.video[0])
        o.start_encoding()
with av.open(str(out / "h264.mp4")) as i, av.open(str(bad / "front.mp4"), "w", options={"movflags": "faststart"}) as o:
    so = o.add_stream_from_template(i.streams.video[0])
    for p in i.demux(i.streams.video[0]):
        if p.dts is not None:
            p.stream = so
            o.mux(p)

with av.open(str(out / "two.mkv"), "w") as c:
    made = []
    for w, h in ((48, 32), (96, 64)):
        s = c.add_stream("libx264", rate=10, options=X264)
        s.width, s.height, s.pix_fmt = w, h, "yuv420p"
        made.append(s)
    for s in made:
        for a in frames(6, s.width, s.height):
            for p in s.encode(av.VideoFrame.from_ndarray(a, format="rgb24").reformat(format="yuv420p")):
                c.mux(p)
        for p in s.encode(None):
            c.mux(p)
