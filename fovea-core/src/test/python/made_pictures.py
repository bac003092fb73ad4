"""Makes the pictures of ../resources/assets/images/made that Pillow can write, from hopper.png. Run once; the files are kept.

pip install pillow==13.0.0 numpy
python made_pictures.py
"""

import io
import pathlib
import struct

import numpy
from PIL import Image, PngImagePlugin, TiffImagePlugin

FOLDER = pathlib.Path(__file__).parent.parent / "resources" / "assets" / "images"
MADE = FOLDER / "made"
hopper = Image.open(FOLDER / "hopper.png").convert("RGB").resize((40, 30))
grey = hopper.convert("L")
rgba = hopper.convert("RGBA")
rgba.putalpha(Image.linear_gradient("L").resize((40, 30)))


def save(image, name, **options):
    image.save(MADE / name, **options)


def write(name, data):
    (MADE / name).write_bytes(data)


save(hopper, "jpg_progressive.jpg", progressive=True)
save(hopper, "tif_raw.tif")
save(hopper, "tif_lzw.tif", compression="tiff_lzw")
ycc = hopper.convert("YCbCr")
for name, compression in (("raw", "raw"), ("lzw", "tiff_lzw"), ("deflate", "tiff_adobe_deflate"), ("packbits", "packbits")):
    save(ycc, f"tif_ycc_{name}.tif", compression=compression)
(MADE / "tif_ycc_raw.tif").rename(MADE / "tif_ycc.tif")
save(hopper.convert("F"), "tif_float.tif")
save(hopper.convert("I"), "tif_int.tif")
save(hopper, "two_pages.tif", save_all=True, append_images=[grey])

save(hopper, "a.ppm")
save(grey, "a.pgm")
save(grey.convert("1"), "a.pbm")
save(grey.convert("F"), "a.pfm")
deep = numpy.arange(35, dtype=">u2") * 1871
write("deep.pgm", b"P5\n# a comment\n7 5\n65535\n" + deep.tobytes())
write("odd.pgm", b"P5 7 5 100\n" + bytes(numpy.arange(35, dtype=numpy.uint8) * 3))
write("deep.ppm", b"P6 5 2 1000 " + (numpy.arange(30, dtype=">u2") * 33).tobytes())
write("plain.ppm", b"P3\n# plain\n4 3\n255\n" + b" ".join(b"%d" % (i * 7) for i in range(36)) + b"\n")
write("plain.pgm", b"P2 4 3 15 " + b" ".join(b"%d" % (i % 16) for i in range(12)))
write("plain.pbm", b"P1\n4 3\n0 1 0 1\n1010\n# here\n0011\n")

save(hopper, "a.tga")
save(hopper, "rle.tga", compression="tga_rle")
save(rgba, "rgba.tga", compression="tga_rle", orientation=1)
save(rgba.convert("LA"), "la.tga")
save(grey, "l.tga", compression="tga_rle")
save(hopper.quantize(32), "p.tga")
save(grey.convert("1"), "one.tga")
bits = (numpy.asarray(hopper).astype(int) >> 3) @ numpy.array([1024, 32, 1])
write("bits16.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 40, 30, 16, 0) + bits.astype("<u2").tobytes())

save(rgba, "a.ico", sizes=[(16, 16), (24, 18)])
save(rgba, "bmp.ico", sizes=[(16, 16)], bitmap_format="bmp")
save(hopper, "rgb.ico", sizes=[(24, 24)], bitmap_format="bmp")
save(hopper.quantize(16), "p.ico", sizes=[(24, 24)], bitmap_format="bmp")

save(hopper, "lossless.jp2", irreversible=False)
save(hopper, "lossy.jp2", irreversible=True, quality_mode="dB", quality_layers=[38])
save(grey, "l.j2k", irreversible=False)
save(rgba, "rgba.jp2", irreversible=False)
save(rgba.convert("LA"), "la.jp2", irreversible=False)
save(hopper.convert("YCbCr"), "ycc.jp2", irreversible=False)
save(Image.fromarray((numpy.arange(1200).reshape(30, 40) * 50).astype("u2")), "deep.jp2", irreversible=False)
save(hopper, "tiles.jp2", irreversible=False, tile_size=(16, 16), num_resolutions=3)
save(hopper, "mct.jp2", irreversible=True, mct=1, quality_mode="rates", quality_layers=[30, 10])

text = PngImagePlugin.PngInfo()
exif = Image.Exif()
exif[274] = 6
data = exif.tobytes()
text.add_text("Raw profile type exif", f"\nexif\n{len(data):8}\n{data.hex()}\n", zip=True)
save(hopper, "raw_profile.png", pnginfo=text)
xmp = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
save(hopper, "xmp.jpg", xmp=xmp.encode())
other = exif_of = Image.Exif()
exif_of[271] = "maker"
save(hopper, "xmp_and_exif.jpg", xmp=xmp.encode(), exif=exif_of)
save(hopper, "xmp.webp", xmp=xmp.encode(), lossless=True)
text = PngImagePlugin.PngInfo()
text.add_itxt("XML:com.adobe.xmp", xmp, zip=True)
save(hopper, "xmp.png", pnginfo=text)
save(hopper, "two.mpo", save_all=True, append_images=[grey.convert("RGB")])
save(hopper, "animated.png", save_all=True, append_images=[hopper.rotate(90)])
save(hopper.quantize(8), "bg.gif", background=3, transparency=1)
