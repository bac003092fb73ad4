#!/usr/bin/env bash
# pnnx 20261020 and ncnn 1.0.20261020, the way from PyTorch to ncnn: detectors and heads with a grid find the row and the column of a cell from
# its number, by a division rounded down and what it leaves. torch.div with rounding_mode="floor" becomes a division that is not rounded,
# so that the row is a fraction and the column always 0; "trunc" becomes floor. It is lost in the first passes of pnnx: the PyTorch file
# that it writes beside ncnn's has the same. `%` is right there, but ncnn takes the nearest multiple, as remainder() of C does: 77 % 13
# is -1 (it was noticed in the review of Tencent/ncnn#4912). Of other things that it can't convert pnnx says so; here it says nothing. Only
# `//` is right. Of rounding_mode no issue was found. Expected was what PyTorch gives.
# Seen: cells 0, 5, 30, 77 of rows of 13: rows 0 0.38 2.31 5.92, columns 0 0 0 0 and by `%` 0 5 4 -1; in PyTorch 0 0 2 5 and 0 5 4 12
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile torch==2.13.0 numpy==2.4.6
venv/bin/pip install --quiet --no-compile --no-deps pnnx==20261020 ncnn==1.0.20261020
cat >main.py <<'PY'
import subprocess

import ncnn
import numpy as np
import torch


class Places(torch.nn.Module):
    def forward(self, i):
        row = torch.div(i, 13, rounding_mode="floor")
        return row, i - row * 13, i % 13, torch.div(i, 13, rounding_mode="trunc"), i // 13


def shown(values):
    return " ".join(f"{value + 0.0:.3g}" for value in np.asarray(values).ravel().round(2) + 0.0)


i = torch.tensor([[0.0, 5.0, 30.0, 77.0, -20.0]])
torch.jit.trace(Places().eval(), i).save("places.pt")
run = subprocess.run(["venv/bin/pnnx", "places.pt", "inputshape=[1,5]f32", "fp16=0"], capture_output=True, text=True, check=True)
print("said:", [line for line in (run.stdout + run.stderr).splitlines() if "support" in line or "ignor" in line])
import places_pnnx

net = ncnn.Net()
net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
net.load_param("places.ncnn.param")
net.load_model("places.ncnn.bin")
extractor = net.create_extractor()
extractor.input("in0", ncnn.Mat(i[0].numpy()).clone())
written = places_pnnx.Model().eval()(i)
for k, (name, expected) in enumerate(zip(("floor", "rest", "%", "trunc", "//"), Places()(i))):
    print(f"{name}: PyTorch {shown(expected)} | written {shown(written[k])} | ncnn {shown(extractor.extract(f'out{k}')[1])}")
PY
seen=$(venv/bin/python -W ignore main.py)
echo "$seen"
[ "$seen" = "said: []
floor: PyTorch 0 0 2 5 -2 | written 0 0.38 2.31 5.92 -1.54 | ncnn 0 0.38 2.31 5.92 -1.54
rest: PyTorch 0 5 4 12 6 | written 0 0 0 0 0 | ncnn 0 0 0 0 0
%: PyTorch 0 5 4 12 6 | written 0 5 4 12 6 | ncnn 0 5 4 -1 6
trunc: PyTorch 0 0 2 5 -1 | written 0 0 2 5 -2 | ncnn 0 0 2 5 -2
//: PyTorch 0 0 2 5 -2 | written 0 0 2 5 -2 | ncnn 0 0 2 5 -2" ]
