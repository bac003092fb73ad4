#!/usr/bin/env bash
# @huggingface/transformers 4.3.2 (transformers.js) with sharp 0.35.5 on Node: its image processors are those of the Python library, by the
# same preprocessor_config.json, and a comment in its source says that bilinear and bicubic resizing go as in Pillow. Expected was what
# Pillow gives, within rounding. But pictures are resized by sharp's affine transform. That one samples the picture and averages nothing,
# so that three of four columns of a picture made four times smaller are never looked at: thin lines are lost or cover all. And it mixes
# the border of a picture that is made larger with a black background: a small picture gets a dark frame before the model sees it.
# `resample: 1`, Lanczos, is resized by another function and has neither. In a browser a canvas resizes, whatever `resample` says.
# Seen: every fourth column black, 896 to 224 pixels: all black; the same one column on: all white (Pillow: 181 to 210 of 255, both).
# A white picture of 100 x 100 in CLIP's processor: 891 pixels of 224 x 224 darker than white, the darkest 50 of 255 (Pillow: none).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund @huggingface/transformers@4.3.2 sharp@0.35.5 >/dev/null
cat >main.js <<'JS'
import { CLIPImageProcessor, RawImage } from "@huggingface/transformers";

function picture(side, value) {
    const data = new Uint8ClampedArray(side * side * 3);
    for (let i = 0; i < side * side; i++) data.fill(value(i % side), 3 * i, 3 * i + 3);
    return new RawImage(data, side, side, 3);
}
const seen = [];
for (const first of [0, 1]) {
    const small = await picture(896, (x) => (x % 4 === first ? 0 : 255)).resize(224, 224, { resample: 3 });
    seen.push("columns " + [...new Set(small.data)].join(" "));
}
const processor = new CLIPImageProcessor({
    do_resize: true, resample: 3, size: { shortest_edge: 224 }, do_center_crop: true, crop_size: { height: 224, width: 224 },
    do_rescale: true, rescale_factor: 1 / 255, do_normalize: false,
});
const { pixel_values } = await processor([picture(100, () => 255)]);
const dark = [...pixel_values.data].filter((value) => value < 0.999);
console.log(seen.join(", ") + `, frame ${dark.length / 3}, darkest ${Math.round(255 * Math.min(...dark))}`);
JS
seen=$(node main.js 2>/dev/null)
echo "$seen"
[ "$seen" = "columns 0, columns 255, frame 891, darkest 50" ]
