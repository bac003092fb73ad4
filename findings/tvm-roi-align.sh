#!/usr/bin/env bash
# Apache TVM 0.27.0.post1, its reader of ONNX: RoiAlign cuts the features of a box out of a map, and its mode half_pixel, the default since
# opset 16 and `aligned` in PyTorch, shifts the box by half a cell of that map. TVM shifts it by half a pixel of the picture: it takes 0.5
# from the corners before they are multiplied by spatial_scale, ONNX after. At a scale of 1 that is the same; at 1/16, where 16 pixels
# make a cell, nearly all of the shift is lost, and the features of every box come from 7.5 pixels further to the right and below, so that
# masks and boxes made of them move. No error, and no issue of it was found (apache/tvm#19501 is of Relay, gone since, which ignored the mode;
# the reader of torchvision's roi_align has the same order of steps). Expected was what ONNX Runtime gives.
# Seen: a map of the columns 0 to 7, a box from 16 to 96 pixels: 1.125 2.375 3.625 4.875 in ONNX Runtime, 1.594 2.844 4.094 5.344 in TVM
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet apache-tvm==0.27.0.post1 apache-tvm-ffi==0.1.15.post2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >main.py <<'PY'
import numpy as np
import onnx
import onnxruntime
import tvm
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx


def run(mode, scale):
    attribute = "" if mode == "default" else f'coordinate_transformation_mode="{mode}", '
    cells = round(128 * scale)
    features = np.tile(np.arange(cells, dtype=np.float32), (cells, 1))[None, None]
    model = onnx.parser.parse_model(
        f"""<ir_version: 9, opset_import: ["": 18]>
        g (float[1, 1, {cells}, {cells}] map) => (float[1, 1, 1, 4] cut) <float[1, 4] box = {{16, 32, 96, 112}}, int64[1] batch = {{0}}> {{
            cut = RoiAlign<{attribute}sampling_ratio=2, output_height=1, output_width=4, spatial_scale={scale}>(map, box, batch)
        }}"""
    )
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"map": features})[0].ravel()
    machine = relax.VirtualMachine(tvm.compile(from_onnx(model), target="llvm"), tvm.cpu())
    found = machine["main"](tvm.runtime.tensor(features)).numpy().ravel()
    same = "the same" if np.allclose(expected, found, atol=1e-4) else " ".join(f"{x:.3f}" for x in found)
    print(f"{mode}, scale {scale}: ONNX Runtime {' '.join(f'{x:.3f}' for x in expected)}, TVM {same}")


for scale in 1.0, 0.25, 0.0625:
    run("default", scale)
run("output_half_pixel", 0.0625)
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = 'default, scale 1.0: ONNX Runtime 25.500 45.500 65.500 85.500, TVM the same
default, scale 0.25: ONNX Runtime 6.000 11.000 16.000 21.000, TVM 6.375 11.375 16.375 21.375
default, scale 0.0625: ONNX Runtime 1.125 2.375 3.625 4.875, TVM 1.594 2.844 4.094 5.344
output_half_pixel, scale 0.0625: ONNX Runtime 1.625 2.875 4.125 5.375, TVM the same' ]
