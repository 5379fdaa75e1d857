"""A contact sheet: some images of every class, enlarged, in a labelled grid."""

from collections.abc import Sequence

import numpy
from PIL import Image, ImageDraw, ImageFont

IMAGES_PER_CLASS = 12
LARGE = 64  # pixels, about the longer side of an image on the sheet
GAP = 6
INK, PAPER = "black", "white"


def contact_sheet(images: numpy.ndarray, labels: numpy.ndarray, class_names: Sequence[str]) -> Image.Image:
    """Lay out the first images of each class, a row per class in label order, with the class name at its left.

    images: uint8 (count, height, width), or (count, height, width, 3) red, green and blue; labels: whole numbers
    (count,). Every image is enlarged by the same whole number. A class with no image has an empty row.
    """
    enlarged = max(1, round(LARGE / max(images.shape[1:3])))
    height, width = (enlarged * side for side in images.shape[1:3])
    font = ImageFont.load_default(size=15)
    left = round(max(map(font.getlength, class_names))) + 3 * GAP
    size = (left + IMAGES_PER_CLASS * (width + GAP), len(class_names) * (height + GAP) + GAP)
    sheet = Image.new("RGB" if images.ndim == 4 else "L", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for label, name in enumerate(class_names):
        top = GAP + label * (height + GAP)
        pen.text((left - 2 * GAP, top + height // 2), name, fill=INK, font=font, anchor="rm")
        for place, number in enumerate(numpy.flatnonzero(labels == label)[:IMAGES_PER_CLASS]):
            large = Image.fromarray(images[number]).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(large, (left + place * (width + GAP), top))
    return sheet
