#!/usr/bin/env bash
# tract 0.23.9, a runtime of ONNX in Rust, by its package for Python: a ConvTranspose whose size is given by output_shape, as ONNX allows in
# place of pads, is moved. ONNX has the surplus cut off at both ends, half at each; tract computes it as a negative output_padding, which
# cuts off all of it behind the last row and column. With a kernel of 4 and a stride of 2, the usual pair to double a picture,
# that is one pixel to the right and down, at every stage of a decoder; with a kernel of 8 and a stride of 4, two. The shape is the
# one asked for, and nothing is said. The tests that come with ONNX have output_shape only where nothing is cut off. No issue of
# it was found. Expected was what ONNX Runtime gives, and what tract itself gives with the pads written out.
# Seen: a kernel of 4, stride 2: ONNX Runtime 2 5 8 9 14 9, tract 1 2 5 8 9 14; with the pads written out 2 5 8 9 14 9 in both
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9 numpy==2.4.6
cat >main.py <<'PY'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper


def shown(values):
    return " ".join(f"{value:.0f}" for value in np.asarray(values).ravel())


for kernel, stride, options in ((4, 2, "output_shape"), (4, 2, "pads"), (8, 4, "output_shape"), (8, 4, "pads"), (2, 2, "output_shape")):
    row = np.arange(1, 4, dtype=np.float32).reshape(1, 1, 3)
    weights = numpy_helper.from_array(np.arange(1, kernel + 1, dtype=np.float32).reshape(1, 1, kernel), "w")
    surplus = (kernel - stride) // 2
    attribute = {"output_shape": [3 * stride]} if options == "output_shape" else {"pads": [surplus, surplus]}
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], kernel_shape=[kernel], strides=[stride], **attribute)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 3 * stride])]
    graph = helper.make_graph([node], "g", inputs, outputs, [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "model.onnx")
    expected = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": row})[0]
    (seen,) = tract.onnx().load("model.onnx").into_model().into_runnable().run([row])
    print(f"kernel {kernel}, stride {stride}, {options}: ONNX Runtime {shown(expected)} | tract {shown(seen.to_numpy())}")
PY
seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "kernel 4, stride 2, output_shape: ONNX Runtime 2 5 8 9 14 9 | tract 1 2 5 8 9 14
kernel 4, stride 2, pads: ONNX Runtime 2 5 8 9 14 9 | tract 2 5 8 9 14 9
kernel 8, stride 4, output_shape: ONNX Runtime 3 4 7 10 13 16 13 18 23 28 15 18 | tract 1 2 3 4 7 10 13 16 13 18 23 28
kernel 8, stride 4, pads: ONNX Runtime 3 4 7 10 13 16 13 18 23 28 15 18 | tract 3 4 7 10 13 16 13 18 23 28 15 18
kernel 2, stride 2, output_shape: ONNX Runtime 1 2 2 4 3 6 | tract 1 2 2 4 3 6" ]
