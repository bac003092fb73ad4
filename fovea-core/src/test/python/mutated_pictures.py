"""Writes ../resources/assets/mutated.json: whether Pillow opens damaged pictures, and which pixels it finds in them.

The damage is made anew from a number by mutate(), here and in MutatedPictureTest, so that no damaged file is stored. A verdict is
six characters: "------" where Pillow raises, else the first of the CRC-32 of "WIDTHxHEIGHT" and the RGB bytes of load_image.

pip install pillow==13.0.0
python mutated_pictures.py
"""

import io
import json
import pathlib
import warnings
import zlib

import PIL
from PIL import Image, ImageOps

ASSETS = pathlib.Path(__file__).parent.parent / "resources" / "assets"
COUNT = 600
MASK = (1 << 64) - 1
LIMIT = 1 << 18  # pixels

FILES = """
hopper.jpg hopper_gray.jpg orientation_rectangle.jpg made/jpg_opt.jpg made/jpg_cmyk.jpg made/h1v2_61_61.jpg made/jpg_progressive.jpg
palette_color.png pil123p.png made/png_exif.png made/pngx_4_3_1_33.png made/pngx_16_0_0_33.png made/png_rgbtrns.png
hopper.gif made/gif_int.gif made/gif_lt.gif made/gif_t.gif
hopper_rle8.bmp made/bmpg_8.bmp made/bmpm_4_108.bmp made/bmpx_16_1.bmp made/bmpx_4_0.bmp
made/tif_raw.tif made/tif_pred.tif made/tif_lzw.tif made/tif_one_packbits.tif made/tif_i16_tiff_adobe_deflate.tif made/tif_jpeg.tif
made/tif_g4.tif made/tif_ycc.tif
hopper.webp transparent.webp made/webp_animc.webp made/webp_q10.webp
made/a.ppm made/a.pgm made/plain.ppm made/a.tga made/rle.tga made/a.ico made/bmp.ico made/lossless.jp2 made/lossy.jp2
""".split()


class SplitMix64:
    def __init__(self, seed):
        self.state = seed & MASK

    def below(self, bound):
        self.state = self.state + 0x9E3779B97F4A7C15 & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return (z ^ z >> 31) % bound


def mutate(data, seed):
    data = bytearray(data)
    random = SplitMix64(seed)
    for _ in range(1 + random.below(3)):
        near = random.below(2) == 0
        at = random.below(min(len(data), 64) if near else len(data))
        kind = random.below(8)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at] = random.below(256)
        elif kind == 2:
            data[at] ^= 1 << random.below(8)
        elif kind == 3:
            data[at] = 255 * random.below(2)
        elif kind == 4:
            del data[at:at + 1 + random.below(16)]
        elif kind == 5:
            data[at:at] = bytes(random.below(256) for _ in range(1 + random.below(16)))
        elif kind == 6:
            source = random.below(len(data))
            size = min(1 + random.below(32), len(data) - at, len(data) - source)
            data[at:at + size] = data[source:source + size]
        else:
            data[at] = data[at] + 1 & 255
        if not data:
            data.append(0)
    return bytes(data)


def verdict(data):
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        image = ImageOps.exif_transpose(image).convert("RGB")
    except Exception:
        return "------"
    return f"{zlib.crc32(f'{image.width}x{image.height}'.encode() + image.tobytes()):08x}"[:6]


def main():
    Image.MAX_IMAGE_PIXELS = LIMIT
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    verdicts = {}
    for name in FILES:
        data = (ASSETS / "images" / name).read_bytes()
        crc = zlib.crc32(name.encode()) << 20
        verdicts[name] = "".join(verdict(mutate(data, crc + i)) for i in range(COUNT))
        print(name, verdicts[name].count("------"), "of", COUNT, "refused")
    (ASSETS / "mutated.json").write_text(json.dumps(
        {"made_with": f"mutated_pictures.py: Pillow {PIL.__version__}", "verdicts": verdicts}, indent=1) + "\n")


if __name__ == "__main__":
    main()
