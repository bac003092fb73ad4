#!/usr/bin/env bash
# mlx-vlm 0.7.10, vision-language models on MLX: its own processor of pictures for Llama 4, which stands in for the one of transformers, cuts other
# tiles. Llama 4 takes up to 16 tiles of 336 x 336, from the canvas that shrinks the picture least, laid in undistorted, and behind
# them the whole picture once more as one tile. Here only up to four tiles are known, and of those the canvas is taken that fits best by its
# shape, so that whatever is nearer to square than to 1 : 2, a page of A4 or a photo of any size, is squeezed into one square of 336
# pixels: writing is lost and circles are ellipses. Wider ones get tiles but not the whole picture, for which the prompt has places all
# the same, filled with what lies behind the end of the features. No error or warning, though max_patches is read as 16; no issue of it
# was found. Expected was the rule as transformers documents it; its Llama4ImageProcessor of 5.23.0 gives these numbers.
# Seen: tiles of 1654 x 2339: 16 expected, 1 here; 1920 x 1080: 16, 2 and places for 3; 1000 x 180: 4, 4 and places for 5; a circle 168 x 224
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile "mlx[cpu]==0.32.4" transformers==5.23.0 tokenizers==0.23.3 pillow==13.0.0 numpy==2.4.6 requests==2.34.2
venv/bin/pip install --quiet --no-compile --no-deps mlx-vlm==0.7.10
cat >main.py <<'PY'
from fractions import Fraction

import numpy as np
from mlx_vlm.models.llama4.processing_llama4 import Llama4ImageProcessor, Llama4Processor
from PIL import Image, ImageDraw
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast


def expected(width, height, tile=336, most=16):
    scales = {}
    for rows in range(1, most + 1):
        for columns in range(1, most // rows + 1):
            scale = min(Fraction(rows * tile, height), Fraction(columns * tile, width))
            scales[scale] = min(scales.get(scale, most), rows * columns)
    enlarging = [scale for scale in scales if scale >= 1]
    tiles = scales[min(enlarging) if enlarging else max(scales)]
    return tiles + 1 if tiles > 1 else 1


special = ["<|image|>", "<|image_start|>", "<|image_end|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>"]
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"?": 0}, unk_token="?")))
tokenizer.add_special_tokens({"additional_special_tokens": special})
processor = Llama4Processor(image_processor=Llama4ImageProcessor(max_patches=16), tokenizer=tokenizer)
for size in ((300, 200), (640, 480), (1654, 2339), (1920, 1080), (1000, 180)):
    answer = processor(images=[Image.new("RGB", size)], text="<|image|>")
    places = np.sum(np.array(answer["input_ids"]) == tokenizer.convert_tokens_to_ids("<|patch|>")) // 144
    print(f"{size[0]} x {size[1]}: expected {expected(*size)}, tiles {len(answer['pixel_values'])}, places for {places}")
picture = Image.new("RGB", (400, 300))
ImageDraw.Draw(picture).ellipse((100, 50, 299, 249), fill="white")
tile = np.array(processor(images=[picture], text="<|image|>")["pixel_values"])[0, 0] > 0
print(f"a circle: {tile.any(0).sum()} x {tile.any(1).sum()}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "300 x 200: expected 1, tiles 1, places for 1
640 x 480: expected 5, tiles 1, places for 1
1654 x 2339: expected 16, tiles 1, places for 1
1920 x 1080: expected 16, tiles 2, places for 3
1000 x 180: expected 4, tiles 4, places for 5
a circle: 168 x 224" ]
