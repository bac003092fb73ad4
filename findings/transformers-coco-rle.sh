#!/usr/bin/env bash
# transformers 5.23.0: `return_coco_annotation=True` of post_process_instance_segmentation, in MaskFormer, Mask2Former and others that share
# it, is documented to return masks "in COCO run-length encoding (RLE) format", and as a way to keep instances that overlap. Neither
# holds. COCO's counts are lengths, of nothing and object in turn, down the columns; these are pairs of a start, from one, and a length, along
# the rows, as Kaggle had them: pycocotools refuses them. All are cut from one flat map, so that of two that overlap one is lost. And the
# background is encoded like an object, as the first where there is any: read beside segments_info each label has its neighbour's mask.
# Expected were the two masks that went in, which the library's own SAM writes as pycocotools reads them.
# Seen: a fork (label 1) on a plate (label 0): 2 encodings for 2 segments, the background for the fork and the plate; the fork is lost
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile transformers==5.23.0 torch==2.13.0 torchvision==0.28.0 pycocotools==2.0.11 pillow==13.0.0 numpy==2.4.6
seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PY'
from types import SimpleNamespace

import numpy as np
import torch
from pycocotools import mask as coco
from transformers import Mask2FormerImageProcessor
from transformers.models.sam.image_processing_sam import _mask_to_rle

height, width = 384, 384
plate, fork = torch.zeros(2, height, width, dtype=torch.bool)
plate[100:140, 200:300] = True
fork[110:130, 220:230] = True
outputs = SimpleNamespace(
    class_queries_logits=torch.tensor([[[20.0, 0.0, 0.0], [0.0, 20.0, 0.0]]]),
    masks_queries_logits=torch.where(torch.stack([plate, fork]), 20.0, -20.0)[None],
)


def as_documented(counts):
    try:
        mask = coco.decode(coco.frPyObjects({"size": [height, width], "counts": counts}, height, width))
    except ValueError:
        return "refused"
    return "plate" if np.array_equal(mask, plate) else "fork" if np.array_equal(mask, fork) else "neither"


def by_starts(runs):
    mask = torch.zeros(height * width, dtype=torch.bool)
    for start, length in zip(runs[::2], runs[1::2]):
        mask[start - 1 : start - 1 + length] = True
    mask = mask.reshape(height, width)
    return ", ".join(f"{name} {int((mask & other).sum())}" for name, other in (("plate", plate), ("background", ~plate), ("fork", fork)))


found = Mask2FormerImageProcessor().post_process_instance_segmentation(
    outputs, target_sizes=[(height, width)], return_coco_annotation=True
)[0]
print(f"labels {[each['label_id'] for each in found['segments_info']]}, encodings {len(found['segmentation'])}")
for runs in found["segmentation"]:
    print(f"pycocotools: {as_documented(runs)}; starts and lengths: {by_starts(runs)}")
print("SAM:", [as_documented(each["counts"]) for each in _mask_to_rle(torch.stack([plate, fork]))])
PY
)
echo "$seen"
[ "$seen" = "labels [1, 0], encodings 2
pycocotools: refused; starts and lengths: plate 0, background 143456, fork 0
pycocotools: refused; starts and lengths: plate 4000, background 0, fork 200
SAM: ['plate', 'fork']" ]
