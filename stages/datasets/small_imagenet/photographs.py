"""Turn an image file of ImageNet into 37×37 grey pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image  # else only where it is used: a machine that only trains has no Pillow

SIDE = 37
# The decoder scales down itself by 2, 4 or 8 while the short side keeps two pixels for one of ours: down to one for one
# would be a tenth faster and differ from the photograph's area means twice as much.
DRAFT = (2 * SIDE, 2 * SIDE)
FORMATS = ("JPEG", "PNG", "GIF", "BMP")  # by content: one of ImageNet's .JPEG files is a PNG
MOST_BYTES = 2**26  # of a file; one of ImageNet has 110,000 on average
MOST_PIXELS = 2**26  # of a photograph; a small file can claim any number, to fill the memory
# what Pillow's readers raise on damaged bytes
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, zlib.error)


class Undecodable(Exception):
    """A file that cannot be decoded; the text gives the reason."""


def shrink(file: bytes) -> np.ndarray:
    """Return the centred square of a photograph as uint8 (37, 37) grey: ITU-R 601 luma, means over the pixels' areas.

    file: the contents of an image file. Its orientation and colour profile are ignored, as ImageNet's users do. Raises
    Undecodable if it is damaged, cut short, of no format in `FORMATS` or too large.
    """
    from PIL import Image

    if len(file) > MOST_BYTES:
        raise Undecodable(f"more than {MOST_BYTES:,} bytes")
    try:
        image = Image.open(BytesIO(file), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise Undecodable(f"{image.width} × {image.height} pixels")
        drafted = image.draft("L", DRAFT)
        width, height = drafted[1][2:] if drafted else image.size  # of the photograph, in the draft's pixels
        side = min(width, height)
        centre = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
        # of Pillow's filters that scale down without aliasing, HAMMING comes closest to means over areas
        return np.asarray(luma(image).resize((SIDE, SIDE), Image.Resampling.HAMMING, box=centre))
    except Image.UnidentifiedImageError as error:  # its text has an address in memory
        raise Undecodable(f"neither {', '.join(FORMATS[:-1])} nor {FORMATS[-1]}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Undecodable("too many pixels") from error
    except DAMAGE as error:
        raise Undecodable(" ".join(str(error).split()) or type(error).__name__) from error


def luma(image: Image.Image) -> Image.Image:
    """Return `image` in 8-bit grey, transparent pixels on white."""
    from PIL import Image

    if image.mode == "L" and not image.has_transparency_data:
        return image
    if image.mode.startswith("I"):  # 16 bits; Pillow itself would make all above 255 white
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB").convert("L")
