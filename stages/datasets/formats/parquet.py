"""Rows of images and labels in Parquet files, as model hubs publish data sets."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from stages.datasets.formats.kinds import PARQUET, kind_of
from stages.running.errors import InputError

IMAGES = ("image", "img")  # names of the column of encoded images: bytes, or a struct with bytes
LABEL = "label"
AT_ONCE = 1000  # rows in memory
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError)  # what the readers raise on it
MOST_PIXELS = 2**14  # of an image; a small file can claim any number, to fill the memory


def find_rows(files: Sequence[Path], split: str) -> list[Path]:
    """Return the Parquet files of a split, train or test, in the order of their names: train-00000-of-00002.parquet."""
    parquet = [file for file in files if file.suffix.lower() == ".parquet"]
    named = [file for file in parquet if file.name.startswith(split)]
    return sorted(named or [file for file in parquet if file.parent.name == split], key=lambda file: file.name)


def read_rows(files: Sequence[Path], place: str, mode: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the images, uint8 (count, height, width) or (count, height, width, 3), and labels, uint8 (count,), in turn.

    mode: Pillow's, "L" for grey or "RGB". Raises InputError if a file is damaged, or its rows are no images of one size
    with labels below 256.
    """
    import pyarrow as pa
    from PIL import Image
    from pyarrow.parquet import ParquetFile

    for file in files:
        if (kind := kind_of(file, f"{place}: {file.name}")) not in ("", PARQUET):
            raise InputError(f"{place}: {file.name} is {kind}; allowed: a Parquet file")
        try:
            with ParquetFile(file) as rows:
                names = rows.schema_arrow.names
                column = next((name for name in IMAGES if name in names), None)
                if column is None or LABEL not in names:
                    raise InputError(
                        f"{place}: {file.name} has the columns {', '.join(names)}; allowed: image or img, and label"
                    )
                for batch in rows.iter_batches(AT_ONCE, columns=[column, LABEL]):
                    encoded = batch.column(column).to_pylist()
                    encoded = [one["bytes"] if isinstance(one, dict) else one for one in encoded]
                    yield (
                        np.stack([_decode(one, mode) for one in encoded]),
                        np.array(batch.column(LABEL).to_pylist(), np.uint8),
                    )
        except (pa.ArrowException, Image.DecompressionBombError, *DAMAGE) as error:
            raise InputError(f"{place}: {file.name} is damaged or of another layout ({_line(error)})") from error


def _decode(encoded: bytes, mode: str) -> np.ndarray:
    """Return the pixels of a PNG."""
    from PIL import Image

    image = Image.open(BytesIO(encoded), formats=("PNG",))
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"an image of {image.width} × {image.height} pixels")
    return np.asarray(image.convert(mode))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
