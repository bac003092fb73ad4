#!/usr/bin/env bash
# tract 0.23.9, a runtime of ONNX in Rust, by its package for Python: an LSTM, GRU or RNN whose direction is "reverse" runs forward. The attribute
# is never read; which way a sequence goes is told from whether the weights are the first or the second of a bidirectional layer, and a
# reverse layer has but one. So a backward layer, as Keras' go_backwards exports and as readers of writing and speech put beside a forward one,
# sees only what came before where it should see what follows, and its last state is that of the wrong end. Shapes are the same, and
# nothing is said. Bidirectional layers are right. No issue of it was found (sonos/tract#2751 is of activations, clip and input_forget,
# which aren't read either). Expected was what ONNX Runtime 1.32.0 gives.
# Seen, largest difference of LSTM, GRU and RNN: forward and bidirectional 0.0; reverse 0.5, 0.8 and 1.4 from ONNX Runtime, 0.0 from forward
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

random = np.random.default_rng(0)
steps, batch, width, hidden = 5, 2, 3, 4
x = random.standard_normal((steps, batch, width)).astype(np.float32)


def model(kind, direction, weights):
    node = helper.make_node(kind, ["x", "w", "r", "b"], ["y"], hidden_size=hidden, direction=direction)
    initializers = [numpy_helper.from_array(array, name) for array, name in zip(weights, ("w", "r", "b"))]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [steps, len(weights[0]), batch, hidden])]
    graph = helper.make_graph([node], "g", ends, outputs, initializers)
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(content, full_check=True)
    onnx.save(content, "model.onnx")
    (expected,) = onnxruntime.InferenceSession("model.onnx").run(None, {"x": x})
    (seen,) = tract.onnx().load("model.onnx").into_model().into_runnable().run([x])
    return expected, seen.to_numpy()


def difference(a, b):
    return f"{np.abs(a - b).max():.1f}"


for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    shapes = ((gates * hidden, width), (gates * hidden, hidden), (2 * gates * hidden,))
    both = [random.standard_normal((2, *shape)).astype(np.float32) for shape in shapes]
    one = [array[:1] for array in both]
    forward = model(kind, "forward", one)
    reverse = model(kind, "reverse", one)
    bidirectional = model(kind, "bidirectional", both)
    print(f"{kind}: forward {difference(*forward)}, bidirectional {difference(*bidirectional)}, reverse {difference(*reverse)}", end="")
    print(f", reverse in tract from forward in ONNX Runtime {difference(forward[0], reverse[1])}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "LSTM: forward 0.0, bidirectional 0.0, reverse 0.5, reverse in tract from forward in ONNX Runtime 0.0
GRU: forward 0.0, bidirectional 0.0, reverse 0.8, reverse in tract from forward in ONNX Runtime 0.0
RNN: forward 0.0, bidirectional 0.0, reverse 1.4, reverse in tract from forward in ONNX Runtime 0.0" ]
