#!/usr/bin/env bash
# Albumentations 2.0.8, the last release under its free licence: Morphological is documented for boxes as for masks and keypoints. The
# boxes are drawn as masks into an array of n x height x width, and that array goes to OpenCV as if it were one picture of n rows, so that the
# boxes of an image grow into their neighbours in the list, however far away those are, and along y; along x none changes. With dilation
# three boxes become three times the box about all of them, each with its own label; with erosion all are gone, and the picture counts as
# one without objects. Nothing is said. (Above 512 columns OpenCV takes no such array and throws.) Expected were the boxes of the masks
# that the same call returns for the same objects. AlbumentationsX 2.5.1, which follows it under the AGPL, has them right.
# Seen: dilation: three boxes from (20, 18) to (359, 202), three masks around their objects; erosion: no box, three masks
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet albumentations==2.0.8 opencv-python-headless==4.14.0.94 numpy==2.4.6
seen=$(NO_ALBUMENTATIONS_UPDATE=1 "$folder/venv/bin/python" - 2>/dev/null <<'PY'
import albumentations as A
import numpy as np

boxes = [(20, 20, 60, 60), (100, 150, 160, 200), (300, 30, 360, 90)]
masks = [np.zeros((300, 400), np.uint8) for _ in boxes]
for mask, (left, top, right, bottom) in zip(masks, boxes):
    mask[top:bottom, left:right] = 1


def around(mask):
    y, x = np.nonzero(mask)
    return [int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1]


for operation in ("dilation", "erosion"):
    change = A.Compose(
        [A.Morphological(scale=(5, 5), operation=operation, p=1)],
        bbox_params=A.BboxParams("pascal_voc", label_fields=["labels"]),
    )
    result = change(image=np.zeros((300, 400, 3), np.uint8), masks=masks, bboxes=boxes, labels=[0, 1, 2])
    print(operation, "boxes", [[round(float(edge)) for edge in box] for box in result["bboxes"]])
    print(operation, "masks", [around(mask) for mask in result["masks"]])
PY
)
echo "$seen"
[ "$seen" = "dilation boxes [[20, 18, 359, 202], [20, 18, 359, 202], [20, 20, 359, 202]]
dilation masks [[18, 18, 62, 62], [98, 148, 162, 202], [298, 28, 362, 92]]
erosion boxes []
erosion masks [[22, 22, 58, 58], [102, 152, 158, 198], [302, 32, 358, 88]]" ]
