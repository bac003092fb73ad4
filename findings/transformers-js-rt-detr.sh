#!/usr/bin/env bash
# @huggingface/transformers 4.3.2 (transformers.js), the pipeline for object detection with RT-DETR and D-FINE, which it lists as supported: their
# scores are read as DETR's. DETR has a last class for "nothing" and a softmax over all; these have neither, but a sigmoid for each class,
# low for all of them where nothing is. Here the last class counts as nothing, so that a toothbrush, the last of COCO, or the only
# class of a model that has one, is never found; and by the softmax the scores of a place without an object add up to one too, so that the
# likeliest class is found there. No error, no warning, and no issue of it was found. Expected was what RTDetrImageProcessor of
# transformers 5.23.0 gives for the same numbers, by the sigmoid that its documentation names.
# Seen, of what scores above 0.5: person 0.88, toothbrush 0.88 and nothing expected; found are person 1.00, nothing and person 0.91
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet onnx==1.23.2 numpy==2.4.6 pillow==13.0.0
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund @huggingface/transformers@4.3.2 sharp@0.35.5 >/dev/null
cat >main.py <<'PY'
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

labels = ["person", "cup", "cat", "dog", "toothbrush"]
answers = {
    "logits": [[2, -5, -5, -5, -5], [-5, -5, -5, -5, 2], [-3.2, -6, -7, -8, -9]],
    "pred_boxes": [[0.5, 0.5, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2], [0.8, 0.8, 0.2, 0.2]],
}
arrays = {name: np.array([rows], np.float32) for name, rows in answers.items()}
nodes = [helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)) for name, array in arrays.items()]
pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 64, 64])
outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in arrays.items()]
model = helper.make_model(helper.make_graph(nodes, "g", [pixels], outputs), opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
pathlib.Path("rt-detr/onnx").mkdir(parents=True)
onnx.save(model, "rt-detr/onnx/model.onnx")
config = {"model_type": "rt_detr", "architectures": ["RTDetrForObjectDetection"], "id2label": dict(enumerate(labels))}
pathlib.Path("rt-detr/config.json").write_text(json.dumps(config))
processor = {"image_processor_type": "RTDetrImageProcessor", "do_resize": True, "size": {"width": 64, "height": 64}, "do_normalize": False}
pathlib.Path("rt-detr/preprocessor_config.json").write_text(json.dumps(processor))
Image.new("RGB", (100, 100)).save("a.png")
for row, box in zip(*answers.values()):
    scores = 1 / (1 + np.exp(-np.array(row)))
    found = [f"{label} {score:.2f}" for label, score in zip(labels, scores) if score > 0.5]
    print(f"expected at {100 * box[0]:.0f}: {', '.join(found) or 'nothing'}")
PY
cat >main.js <<'JS'
import { env, pipeline } from "@huggingface/transformers";

env.allowRemoteModels = false;
env.localModelPath = "./";
const detect = await pipeline("object-detection", "rt-detr", { dtype: "fp32" });
for (const { label, score, box } of await detect("a.png", { threshold: 0.5 })) {
    console.log(`found at ${Math.round((box.xmin + box.xmax) / 2)}: ${label} ${score.toFixed(2)}`);
}
JS
seen=$(venv/bin/python main.py && node main.js 2>/dev/null)
echo "$seen"
[ "$seen" = "expected at 50: person 0.88
expected at 20: toothbrush 0.88
expected at 80: nothing
found at 50: person 1.00
found at 80: person 0.91" ]
