#!/usr/bin/env bash
# TorchCodec 0.17.0, decode_image, which replaces the readers of pictures in torchvision: asked for RGB, the default, it leaves the alpha of a
# PNG or a WebP away and keeps the colours; those of an AVIF it multiplies by the alpha first, as if the picture lay on black. The same
# cut-out is one picture to a model as PNG and a dark one as AVIF: what is half opaque has half its brightness, soft edges get a dark rim,
# and grey modes follow. The decoder does tell libavif to ignore the alpha, which there means to lay the picture on black: a comment in its
# source says so (what it should mean, AOMediaCodec/libavif#588 leaves open). TorchCodec's documentation says nothing, and no issue of its own
# was found. Expected was one picture from all three, as Pillow gives, and the colours that TorchCodec itself reads with RGB_ALPHA.
# Seen: (200, 100, 50) at alpha 128 and 51 of 255: PNG and WebP 200 100 50 twice, AVIF 100 50 25 and 40 20 10; with RGB_ALPHA 200 100 50
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile torch==2.13.0 torchcodec==0.17.0 pillow==13.0.0 numpy==2.4.6
seen=$("$folder/venv/bin/python" - <<'PY'
import io

from PIL import Image
from torchcodec.decoders import decode_image

options = {"PNG": {}, "WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}
for alpha in (255, 128, 51):
    picture = Image.new("RGBA", (16, 16), (200, 100, 50, alpha))
    for name, option in options.items():
        file = io.BytesIO()
        picture.save(file, name, **option)
        pillow = Image.open(file).convert("RGB").getpixel((8, 8))
        colours, grey, four = (decode_image(file.getvalue(), mode=mode)[:, 8, 8].tolist() for mode in ("RGB", "GRAY", "RGB_ALPHA"))
        print(f"alpha {alpha}, {name}: Pillow {list(pillow)}, RGB {colours}, GRAY {grey}, RGB_ALPHA {four}")
PY
)
echo "$seen"
[ "$seen" = "alpha 255, PNG: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 255]
alpha 255, WEBP: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 255]
alpha 255, AVIF: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 255]
alpha 128, PNG: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 128]
alpha 128, WEBP: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 128]
alpha 128, AVIF: Pillow [200, 100, 50], RGB [100, 50, 25], GRAY [62], RGB_ALPHA [200, 100, 50, 128]
alpha 51, PNG: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 51]
alpha 51, WEBP: Pillow [200, 100, 50], RGB [200, 100, 50], GRAY [124], RGB_ALPHA [200, 100, 50, 51]
alpha 51, AVIF: Pillow [200, 100, 50], RGB [40, 20, 10], GRAY [25], RGB_ALPHA [200, 100, 50, 51]" ]
