"""Writes a 1080p H.264 clip of 25 frames a second with B-frames: python make_clip.py OUT.mp4 SECONDS."""
import fractions
import sys

import av

graph = av.filter.Graph()
nodes = [
    graph.add("testsrc2", f"size=1920x1080:rate=25:duration={sys.argv[2]}"),
    graph.add("noise", "alls=6:allf=t"),
    graph.add("format", "pix_fmts=yuv420p"),
    graph.add("buffersink"),
]
for a, b in zip(nodes, nodes[1:]):
    a.link_to(b)
graph.configure()
with av.open(sys.argv[1], "w") as out:
    stream = out.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "30", "threads": "1"})
    stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
    count = 0
    while True:
        try:
            frame = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            break
        frame.pts, frame.time_base, frame.pict_type = count, fractions.Fraction(1, 25), 0
        count += 1
        for packet in stream.encode(frame):
            out.mux(packet)
    for packet in stream.encode(None):
        out.mux(packet)
