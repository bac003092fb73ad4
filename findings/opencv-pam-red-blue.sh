#!/usr/bin/env bash
# OpenCV 5.0.0 and PAM, the Netpbm format with a header that names the channels, which FFmpeg and others pipe pictures in: the order of the
# channels is never changed. imread gives blue, green, red for all other formats; of a PAM that says RGB the samples are handed out as they
# lie in the file, so that red and blue are swapped, by the usual flags. imwrite does the same the other way: asked for the tuple type RGB
# it writes that name and puts blue first. Within OpenCV the one mends the other; what is exchanged with other software has its colours
# swapped. PPM, its neighbour, is read and written as it should be. No error or warning; no issue of it was found, nor a word in the
# documentation. Expected was what FFmpeg makes of the same files, by PyAV 18.1.0, and what Netpbm's own definition says.
# Seen: an orange of 250 120 10: read from PAM as 10 120 250, from PPM as 250 120 10; written to PAM read by FFmpeg as 10 120 250
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6
cat >main.py <<'PY'
import pathlib

import av
import cv2
import numpy as np

orange = np.full((4, 4, 3), (250, 120, 10), np.uint8)


def by_ffmpeg(name):
    with av.open(name) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")[0, 0]


header = "P7\nWIDTH 4\nHEIGHT 4\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"
pathlib.Path("given.pam").write_bytes(header.encode() + orange.tobytes())
pathlib.Path("given.ppm").write_bytes(b"P6\n4 4\n255\n" + orange.tobytes())
for name in ("given.pam", "given.ppm"):
    seen = {flag: cv2.imread(name, getattr(cv2, flag))[0, 0, ::-1] for flag in ("IMREAD_COLOR", "IMREAD_UNCHANGED")}
    print(f"{name}, red green blue: FFmpeg {by_ffmpeg(name)},", ", ".join(f"{flag} {value}" for flag, value in seen.items()))
bgr = np.ascontiguousarray(orange[:, :, ::-1])
cv2.imwrite("written.pam", bgr, [cv2.IMWRITE_PAM_TUPLETYPE, cv2.IMWRITE_PAM_FORMAT_RGB])
cv2.imwrite("written.ppm", bgr)
assert b"TUPLTYPE RGB\n" in pathlib.Path("written.pam").read_bytes()
for name in ("written.pam", "written.ppm"):
    print(f"{name}: FFmpeg {by_ffmpeg(name)}, IMREAD_COLOR {cv2.imread(name)[0, 0, ::-1]}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "given.pam, red green blue: FFmpeg [250 120  10], IMREAD_COLOR [ 10 120 250], IMREAD_UNCHANGED [ 10 120 250]
given.ppm, red green blue: FFmpeg [250 120  10], IMREAD_COLOR [250 120  10], IMREAD_UNCHANGED [250 120  10]
written.pam: FFmpeg [ 10 120 250], IMREAD_COLOR [250 120  10]
written.ppm: FFmpeg [250 120  10], IMREAD_COLOR [250 120  10]" ]
