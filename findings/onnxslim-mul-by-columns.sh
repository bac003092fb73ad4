#!/usr/bin/env bash
# OnnxSlim 0.1.98, which rewrites ONNX models to smaller ones of the same meaning: a Mul by a constant behind a Conv is folded into the weights
# as if the constant had one number per output channel, as soon as it has as many numbers as there are channels. Which axis they lie on is
# not looked at. Weights of the columns or rows of a picture (a window, a mask, a correction of a lens) go to the channels wherever the picture
# happens to be as wide or high as the convolution has channels, often powers of two both. The shapes stay the same and nothing is said. ONNX
# broadcasts from the last axis (Broadcasting in ONNX); expected was the same answer before and after, as onnxsim 0.8.1 gives. No issue of
# it was found.
# Seen: largest error of numbers from 0 to 1: OnnxSlim 1.0 for columns and rows, 0.0 for channels and where the sizes differ; onnxsim 0.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 onnxsim==0.8.1 onnxslim==0.1.98
cat >main.py <<'PY'
import numpy as np
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper


def model(channels, width, shape):
    """A 1x1 convolution that hands its one input channel to all its channels, and a Mul by numbers from 0 to 1."""
    weights = np.ones((channels, 1, 1, 1), np.float32)
    scale = np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    nodes = [helper.make_node("Conv", ["x", "w"], ["t"]), helper.make_node("Mul", ["t", "s"], ["y"])]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, width, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, width, width])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(scale, "s")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(made, full_check=True)
    return made, np.ones((1, channels, width, width), np.float32) * scale


def answer(made, width):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.ones((1, 1, width, width), np.float32)})[0]


for name, width, shape in (
    ("channel", 8, (1, 8, 1, 1)),
    ("column", 8, (8,)),
    ("column of 4 axes", 8, (1, 1, 1, 8)),
    ("row", 8, (1, 1, 8, 1)),
    ("column, 9 wide", 9, (9,)),
):
    made, expected = model(8, width, shape)
    before = np.abs(answer(made, width) - expected).max()
    slim = np.abs(answer(onnxslim.slim(made), width) - expected).max()
    sim = np.abs(answer(onnxsim.simplify(made)[0], width) - expected).max()
    print(f"one number per {name}: as it was {before:.1f}, OnnxSlim {slim:.1f}, onnxsim {sim:.1f}")
PY
seen=$(venv/bin/python main.py 2>/dev/null | grep '^one number')
echo "$seen"
[ "$seen" = "one number per channel: as it was 0.0, OnnxSlim 0.0, onnxsim 0.0
one number per column: as it was 0.0, OnnxSlim 1.0, onnxsim 0.0
one number per column of 4 axes: as it was 0.0, OnnxSlim 1.0, onnxsim 0.0
one number per row: as it was 0.0, OnnxSlim 1.0, onnxsim 0.0
one number per column, 9 wide: as it was 0.0, OnnxSlim 0.0, onnxsim 0.0" ]
