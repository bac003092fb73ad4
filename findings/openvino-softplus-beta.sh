#!/usr/bin/env bash
# OpenVINO 2026.4.1 takes a PyTorch module in two ways, both documented: with an example input, by which convert_model traces it
# itself, the shorter and usual one, or as a program of torch.export. nn.Softplus(beta, threshold) keeps both numbers in the second and loses
# both in the first: it is always log(1 + exp(x)). beta is the sharpness, 100 in networks of signed distances, 10 where a positive depth
# or width is wanted: there softplus nearly is max(x, 0), and here 0.69 at 0. No error, no warning. (The reader of Paddle's models refuses
# a beta that is not 1, its issue 37951.) Expected was what PyTorch gives, for whom traced and exported are the same.
# Seen: beta 10 at -1, 0, 1: PyTorch and exported 0, 0.0693, 1; traced 0.3133, 0.6931, 1.3133, as for every beta
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile openvino==2026.4.1 torch==2.13.0 packaging==26.4 numpy==2.4.6
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
import openvino as ov
import torch

x = torch.tensor([[-1.0, 0.0, 1.0]])


def rounded(values):
    return " ".join(f"{value:.4f}" for value in values)


def run(model):
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return rounded(compiled(x.numpy())[0][0])


for beta, threshold in ((1, 20), (10, 20), (0.5, 20), (1, 0.5)):
    module = torch.nn.Softplus(beta, threshold).eval()
    expected = rounded(module(x)[0])
    assert rounded(torch.jit.trace(module, x)(x)[0]) == expected
    print(f"beta {beta}, threshold {threshold}: PyTorch {expected}", end=", ")
    print(f"traced {run(ov.convert_model(module, example_input=x))}", end=", ")
    print(f"exported {run(ov.convert_model(torch.export.export(module, (x,))))}")
PY
)
echo "$seen"
[ "$seen" = "beta 1, threshold 20: PyTorch 0.3133 0.6931 1.3133, traced 0.3133 0.6931 1.3133, exported 0.3133 0.6931 1.3133
beta 10, threshold 20: PyTorch 0.0000 0.0693 1.0000, traced 0.3133 0.6931 1.3133, exported 0.0000 0.0693 1.0000
beta 0.5, threshold 20: PyTorch 0.9482 1.3863 1.9482, traced 0.3133 0.6931 1.3133, exported 0.9482 1.3863 1.9482
beta 1, threshold 0.5: PyTorch 0.3133 0.6931 1.0000, traced 0.3133 0.6931 1.3133, exported 0.3133 0.6931 1.0000" ]
