#!/usr/bin/env bash
# onnxruntime 1.32.0, quantize_static with QuantFormat.QOperator: a Relu or Clip behind a Conv is taken out, because the Conv's range of numbers
# is narrowed to what the Relu lets through and clips as well as it would. Where something else reads the Conv's result too, as the
# shortcut does in residual blocks that begin with their activation, the range is rightly left as it is, and the Relu is taken out all the
# same: nothing clips any more, and the block computes as if it had no activation. The model has the usual shapes and loads; no error or
# warning. (microsoft/onnxruntime#9425 and #11660 were of symmetric ranges, where Relu has been left in place since.) No issue of this was found.
# Expected were the float model's numbers within a step, as the format QDQ gives them, and QOperator itself where nothing else reads the Conv.
# Seen, of |x| made as Relu(x) + Relu(-x), at -1, -0.5, 0.5, 1: alone 1 0.5 0.5 1 in all; x + |x|: float and QDQ 0 0 1 2, QOperator 0 0 0.5 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat >main.py <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

x = np.array([-1, -0.5, 0.5, 1], np.float32).reshape(1, 1, 2, 2)


class Reader(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": x}])

    def get_next(self):
        return next(self.batches, None)


def outputs(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    (y,) = onnxruntime.InferenceSession(path, options).run(None, {"x": x})
    return " ".join(f"{value:g}" for value in np.round(y.ravel() * 20) / 20 + 0.0)


weights = [
    numpy_helper.from_array(np.array([1, -1], np.float32).reshape(2, 1, 1, 1), "signs"),
    numpy_helper.from_array(np.ones((1, 2, 1, 1), np.float32), "ones"),
]
limits = [numpy_helper.from_array(np.float32(value), name) for value, name in ((0, "low"), (6, "high"))]
activations = {"Relu": helper.make_node("Relu", ["a"], ["r"]), "Clip": helper.make_node("Clip", ["a", "low", "high"], ["r"])}
for name, activation in activations.items():
    for shortcut in (False, True):
        nodes = [helper.make_node("Conv", ["x", "signs"], ["a"]), activation]
        if shortcut:
            nodes += [helper.make_node("Conv", ["r", "ones"], ["b"]), helper.make_node("Add", ["a", "b"], ["y"])]
        else:
            nodes += [helper.make_node("Conv", ["r", "ones"], ["y"])]
        ends = [("x", 1), ("y", 2 if shortcut else 1)]
        ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, channels, 2, 2]) for end, channels in ends]
        graph = helper.make_graph(nodes, "block", ends[:1], ends[1:], weights + (limits if name == "Clip" else []))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, "float.onnx")
        print(name, "with a shortcut:" if shortcut else "alone:", "float", outputs("float.onnx"), end="")
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            quantize_static("float.onnx", "quantised.onnx", Reader(), quant_format=form)
            print(f", {form.name}", outputs("quantised.onnx"), end="")
        print()
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "Relu alone: float 1 0.5 0.5 1, QDQ 1 0.5 0.5 1, QOperator 1 0.5 0.5 1
Relu with a shortcut: float 0 0 1 2 2 1 0 0, QDQ 0 0 1 2 2 1 0 0, QOperator 0 0 0.5 1 1 0.5 0 0
Clip alone: float 1 0.5 0.5 1, QDQ 1 0.5 0.5 1, QOperator 1 0.5 0.5 1
Clip with a shortcut: float 0 0 1 2 2 1 0 0, QDQ 0 0 1 2 2 1 0 0, QOperator 0 0 0.5 1 1 0.5 0 0" ]
