#!/usr/bin/env bash
# pypdf 7.1.1, page.images, by which scans are fetched out of a PDF: pictures of fewer than 8 bits a pixel that were compressed with PNG's filters
# come back as noise. PNG (9.2) has the filters Sub, Average and Paeth look at the byte before where a pixel is less than one byte;
# here the distance is the row's length divided by its pixels, rounded down, which is 0, so that a byte is added to itself. img2pdf takes
# a black and white PNG into the PDF as it is, and Pillow filters nearly every row of one. Nothing is said, size and mode are right,
# and replace(), documented as a way to make a PDF smaller, writes the noise into it. The filters None and Up are right, and 8 bits.
# No issue of it in pypdf was found (lopdf had the same, J-F-Liu/lopdf#538). Expected was what went in, and pikepdf and pdfium read.
# Seen: pixels of a page in black and white that differ: pypdf 13.7 %, written back and drawn 13.7 %, pikepdf and pdfium 0.0 %
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet pypdf==7.1.1 img2pdf==0.6.3 pikepdf==10.18.0 pypdfium2==5.15.2 pillow==13.0.0 numpy==2.4.6
cat >main.py <<'PY'
import io

import img2pdf
import numpy as np
import pikepdf
import pypdf
import pypdfium2
from PIL import Image, ImageDraw


def drawn(pdf):
    return pypdfium2.PdfDocument(pdf)[0].render(scale=1, no_smoothimage=True).to_pil()


for name, mode in ("black and white", "1"), ("grey", "L"):
    page = Image.new(mode, (203, 100), 255)
    pen = ImageDraw.Draw(page)
    pen.ellipse((20, 10, 90, 80), fill=0)
    pen.line((100, 5, 195, 95), fill=0, width=5)
    pen.rectangle((120, 10, 180, 30), outline=0)
    png = io.BytesIO()
    page.save(png, "PNG")
    pdf = img2pdf.convert(png.getvalue(), layout_fun=img2pdf.get_layout_fun((203, 100)))
    opened = pikepdf.open(io.BytesIO(pdf))
    stream = next(iter(opened.pages[0].images.values()))
    parameters = stream["/DecodeParms"]

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    image = writer.pages[0].images[0]
    found = image.image
    image.replace(found)
    written = io.BytesIO()
    writer.write(written)
    pictures = {
        "pypdf": found,
        "written back by pypdf": drawn(written.getvalue()),
        "pikepdf": pikepdf.PdfImage(stream).as_pil_image(),
        "pdfium": drawn(pdf),
    }
    line = []
    for reader, picture in pictures.items():
        different = abs(np.asarray(picture.convert("L")).astype(int) - np.asarray(page.convert("L"))) > 64
        line.append(f"{reader} {100 * different.mean():.1f} %")
    print(f"{name}, {parameters['/BitsPerComponent']} bits, predictor {parameters['/Predictor']}: {', '.join(line)}")
PY
seen=$(venv/bin/python main.py 2>/dev/null)
echo "$seen"
[ "$seen" = "black and white, 1 bits, predictor 15: pypdf 13.7 %, written back by pypdf 13.7 %, pikepdf 0.0 %, pdfium 0.0 %
grey, 8 bits, predictor 15: pypdf 0.0 %, written back by pypdf 0.0 %, pikepdf 0.0 %, pdfium 0.0 %" ]
