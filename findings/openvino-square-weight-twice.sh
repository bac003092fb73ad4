#!/usr/bin/env bash
# OpenVINO 2026.4.1 on a CPU: a square matrix of weights by which a model multiplies twice, once as it is and once transposed, is taken for the
# same both times: the second product gets the weights as they were prepared for the first. So a rotation is not undone by its transpose,
# as models rotated for quantisation have it, and a symmetric map x W Wᵀ or two layers with tied weights are other functions. It makes no
# difference whether the second is a Gemm with transB or has a Transpose before it. Oblong weights are right, as they can't be confused,
# and so are square ones that stand in the file twice. It is so in float32, the default of CPUs that don't multiply in bfloat16, where weights
# are converted first. The shapes are the usual ones and nothing is said; 2025.4.0 has it too, and no issue of it was found. Expected was
# what ONNX Runtime 1.32.0 gives for the same file, and what numpy gives.
# Seen, largest errors of x W and x Wᵀ of numbers up to 2: 0.0 and 2.9; of x W and x W Wᵀ 0.0 and 3.8; with 16 x 24 or a copy 0.0, ONNX Runtime 0.0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat >main.py <<'PY'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
rotation = np.linalg.qr(random.standard_normal((16, 16)))[0].astype(np.float32)
oblong = np.linalg.qr(random.standard_normal((24, 16)))[0].T.astype(np.float32)
x = np.clip(random.standard_normal((4, 16)), -2, 2).astype(np.float32)


def model(weights, chained, copied, transpose):
    initializers = [numpy_helper.from_array(weights, "w")] + ([numpy_helper.from_array(weights, "copy")] if copied else [])
    second, left = "copy" if copied else "w", "p" if chained else "x"
    if transpose == "node":
        back = [helper.make_node("Transpose", [second], ["t"], perm=[1, 0]), helper.make_node("MatMul", [left, "t"], ["q"])]
    else:
        back = [helper.make_node("Gemm", [left, second], ["q"], transB=1)]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, None]) for name in ("p", "q")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), *back]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 16])], outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


for name, weights, chained, copied, transpose in (
    ("both, Gemm", rotation, False, False, "attribute"),
    ("both, Transpose", rotation, False, False, "node"),
    ("there and back, Gemm", rotation, True, False, "attribute"),
    ("there and back, Transpose", rotation, True, False, "node"),
    ("there and back, a copy", rotation, True, True, "attribute"),
    ("there and back, oblong", oblong, True, False, "attribute"),
):
    content = model(weights, chained, copied, transpose)
    onnx.checker.check_model(content, full_check=True)
    onnx.save(content, "model.onnx")
    p = x @ weights
    expected = [p, (p if chained else x) @ weights.T]
    compiled = openvino.compile_model("model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    seen = list(compiled([x]).values())
    runtime = onnxruntime.InferenceSession("model.onnx").run(None, {"x": x})
    errors = [" ".join(f"{np.abs(a - b).max() + 0:.1f}" for a, b in zip(answer, expected)) for answer in (seen, runtime)]
    print(f"{name}: OpenVINO {errors[0]}, ONNX Runtime {errors[1]}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "both, Gemm: OpenVINO 0.0 2.9, ONNX Runtime 0.0 0.0
both, Transpose: OpenVINO 0.0 2.9, ONNX Runtime 0.0 0.0
there and back, Gemm: OpenVINO 0.0 3.8, ONNX Runtime 0.0 0.0
there and back, Transpose: OpenVINO 0.0 3.8, ONNX Runtime 0.0 0.0
there and back, a copy: OpenVINO 0.0 0.0, ONNX Runtime 0.0 0.0
there and back, oblong: OpenVINO 0.0 0.0, ONNX Runtime 0.0 0.0" ]
