"""Writes photographs' like in JPEG (quality 90, 4:2:0), 1920 x 1080 and 4000 x 3000: python make_pictures.py FOLDER."""
import pathlib
import sys

import numpy
from PIL import Image

random = numpy.random.default_rng(0)
for width, height in (1920, 1080), (4000, 3000):
    picture = numpy.zeros((height, width, 3))
    for cell in 400, 100, 25, 6, 2:  # the coarser, the stronger: about what photographs have
        noise = random.normal(size=(height // cell + 2, width // cell + 2, 3)).astype("float32")
        for c in range(3):
            layer = Image.fromarray(noise[:, :, c], "F").resize((width, height), Image.Resampling.BICUBIC)
            picture[:, :, c] += numpy.asarray(layer) * cell**0.4 * (3 if c else 3.2)
    picture = (picture + 128).clip(0, 255).astype("uint8")
    Image.fromarray(picture).save(pathlib.Path(sys.argv[1]) / f"{width}x{height}.jpg", quality=90)
