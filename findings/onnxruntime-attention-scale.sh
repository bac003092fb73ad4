#!/usr/bin/env bash
# onnxruntime 1.32.0, onnxruntime.transformers.optimizer, the tool to fuse an exported BERT or ViT: an attention is replaced by one Attention node
# whatever its scores are divided by. The constant of the Div is never looked at, nor the axis of the Softmax, and the node divides by the
# square root of the head's size and runs over the keys. A network with 1/d of muP, a temperature, or a softmax over the queries as slot
# attention has it, answers something else, with no error or warning. The node has had an attribute `scale` for muP since 1.14
# (microsoft/onnxruntime#14348), which this fusion does not set, and no issue of it was found. Expected was one answer before and after, as the
# runtime's own optimiser, which has the same fusion and asks for the square root, gives at its highest level.
# Seen: heads of 16, largest error of normalised numbers: scale 1/4 none; 1/16 2.0, 1 1.3, over the queries 2.4; own optimiser none
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 sympy==1.14.0
cat >main.py <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.optimizer import optimize_model

width, heads, length = 64, 4, 7
size = width // heads
random = np.random.default_rng(0)
weights = {f"w{x}": random.standard_normal((width, width)).astype(np.float32) * 0.2 for x in "qkvo"}
weights |= {f"b{x}": random.standard_normal(width).astype(np.float32) * 0.1 for x in "qkvo"}
weights |= {"one": np.ones(width, np.float32), "zero": np.zeros(width, np.float32)}
weights |= {"split": np.array([0, 0, heads, size]), "join": np.array([0, 0, width])}
picture = random.standard_normal((2, length, width)).astype(np.float32)


def model(scale, axis):
    nodes = []

    def add(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs.split(), [output], name=f"{output}_node", **attributes))

    add("LayerNormalization", "x one zero", "root", axis=-1)
    for x, order in ("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]):
        add("MatMul", f"root w{x}", f"{x}1")
        add("Add", f"b{x} {x}1", f"{x}2")
        add("Reshape", f"{x}2 split", f"{x}3")
        add("Transpose", f"{x}3", x, perm=order)
    add("MatMul", "q k", "products")
    add("Div", "products divisor", "scores")
    add("Softmax", "scores", "shares", axis=axis)
    add("MatMul", "shares v", "mixed")
    add("Transpose", "mixed", "turned", perm=[0, 2, 1, 3])
    add("Reshape", "turned join", "joined")
    add("MatMul", "joined wo", "projected")
    add("Add", "bo projected", "attended")
    add("Add", "attended root", "sum")
    add("LayerNormalization", "sum one zero", "y", axis=-1)
    constants = [numpy_helper.from_array(array, name) for name, array in (weights | {"divisor": np.float32(1 / scale)}).items()]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", length, width])] for name in "xy"]
    made = helper.make_model(helper.make_graph(nodes, "g", *ends, constants), opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(made, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": picture})[0]


levels = onnxruntime.GraphOptimizationLevel
for scale, axis in (1 / 4, -1), (1 / 16, -1), (1, -1), (1 / 4, 2):
    onnx.save(model(scale, axis), "model.onnx")
    expected = run(model(scale, axis), levels.ORT_DISABLE_ALL)
    line = [f"own optimiser {np.abs(run(model(scale, axis), levels.ORT_ENABLE_ALL) - expected).max():.1f}"]
    for kind in "bert", "vit":
        fused = optimize_model("model.onnx", model_type=kind, num_heads=heads, hidden_size=width, opt_level=0).model
        count = sum(node.op_type == "Attention" for node in fused.graph.node)
        line.append(f"{kind} {np.abs(run(fused, levels.ORT_DISABLE_ALL) - expected).max():.1f} ({count} Attention)")
    print(f"scale {scale}, axis {axis}: {', '.join(line)}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "scale 0.25, axis -1: own optimiser 0.0, bert 0.0 (1 Attention), vit 0.0 (1 Attention)
scale 0.0625, axis -1: own optimiser 0.0, bert 2.0 (1 Attention), vit 2.0 (1 Attention)
scale 1, axis -1: own optimiser 0.0, bert 1.3 (1 Attention), vit 1.3 (1 Attention)
scale 0.25, axis 2: own optimiser 0.0, bert 2.4 (1 Attention), vit 2.4 (1 Attention)" ]
