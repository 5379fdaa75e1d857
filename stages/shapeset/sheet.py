"""A contact sheet: some images of every class, enlarged, in a labelled grid."""

import numpy
from PIL import Image, ImageDraw, ImageFont

from stages.shapeset.kinds import CLASS_NAMES

IMAGES_PER_CLASS = 12
ENLARGED = 64  # pixels, the side of an image on the sheet
GAP = 6
NAME_WIDTH = 200
INK, PAPER = 0, 255


def contact_sheet(images: numpy.ndarray, labels: numpy.ndarray) -> Image.Image:
    """Lay out the first images of each class, a row per class in label order, with the class name at its left.

    `images`: uint8 (count, height, width); `labels`: whole numbers (count,). A class with no image has an empty row.
    """
    step = ENLARGED + GAP
    sheet = Image.new("L", (NAME_WIDTH + IMAGES_PER_CLASS * step, len(CLASS_NAMES) * step + GAP), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for label, name in enumerate(CLASS_NAMES):
        top = GAP + label * step
        pen.text((NAME_WIDTH - 2 * GAP, top + ENLARGED // 2), name, fill=INK, font=font, anchor="rm")
        for position, image in enumerate(images[labels == label][:IMAGES_PER_CLASS]):
            enlarged = Image.fromarray(image).resize((ENLARGED, ENLARGED), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (NAME_WIDTH + position * step, top))
    return sheet
