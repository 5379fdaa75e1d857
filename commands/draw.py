"""Draw Shapeset images to a file: `python -m commands.draw --count 100000 --out images.npz --sheet images.png`."""

import argparse
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy
import torch
from tqdm import tqdm

from stages.datasets.shapeset import CLASS_NAMES
from stages.expectations.sheet import contact_sheet
from stages.handover.prepared import SPLITS
from stages.running.errors import InputError, report_input_errors
from stages.shapeset.raster import SIDE
from stages.shapeset.stream import DRAWN_AT_ONCE, draw, draw_batches, draw_images

ON_SHEET = 1024  # images to choose from, which is enough for the rarest class to fill its row
DEVICES = ("auto", "cpu", "cuda")


def main() -> None:
    """Draw the images that the command line asks for and write them."""
    arguments = parse()
    stream = arguments.seed, arguments.split, arguments.start
    device = choose_device(arguments.device)
    draw_batches(*stream, arguments.count, device)  # checks the stream before opening a file
    with ExitStack() as files:  # an error in one leaves neither
        sheet, out = (path and files.enter_context(whole_file(path)) for path in (arguments.sheet, arguments.out))
        if sheet:
            images, labels = draw_images(*stream, min(arguments.count, ON_SHEET), device)
            contact_sheet(images.cpu().numpy(), labels.cpu().numpy(), CLASS_NAMES).save(sheet, "png")
        if out:
            write_images(out, *stream, arguments.count, device)


def parse() -> argparse.Namespace:
    """Read the command line; raises `InputError` for any error in it."""
    parser = argparse.ArgumentParser(prog="python -m commands.draw", description=__doc__.splitlines()[0])
    parser.error = refuse
    parser.add_argument("--seed", type=int, default=0, help="of the stream, 0 to 2³² − 1 (default 0)")
    parser.add_argument("--split", choices=SPLITS, default="train", help="which of the seed's streams (default train)")
    parser.add_argument("--start", type=int, default=0, help="number of the first image (default 0)")
    parser.add_argument("--count", type=int, required=True, help="how many images")
    parser.add_argument("--out", type=Path, help="npz file to write: images, labels and kinds")
    parser.add_argument("--sheet", type=Path, help="png file to write: some images of every class")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="auto is cuda if there is a GPU")
    arguments = parser.parse_args()
    if not (arguments.out or arguments.sheet):
        refuse("--out FILE.npz, --sheet FILE.png or both are needed")
    if arguments.count < 1:
        refuse(f"--count {arguments.count}: at least 1 is needed")
    return arguments


def refuse(message: str) -> NoReturn:
    """Raise an `InputError` about the command line."""
    raise InputError(message)


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` is the GPU, if there is one."""
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: this machine has no GPU; allowed: auto, cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def write_images(file: BinaryIO, seed: int, split: str, start: int, count: int, device: torch.device) -> None:
    """Write an npz archive of images, labels and kinds batch by batch: memory does not grow with `count`."""
    labels, kinds = [], []
    with zipfile.ZipFile(file, "w") as archive:
        progress = tqdm(total=count, unit=" images", disable=None)  # silent without a terminal
        with progress, _entry(archive, "images") as entry:
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE)}
            numpy.lib.format.write_array_header_1_0(entry, header)
            for first in range(0, count, DRAWN_AT_ONCE):
                sample = draw(seed, split, start + first, min(DRAWN_AT_ONCE, count - first), device)
                entry.write(sample.images.cpu().numpy())
                labels.append(sample.labels.cpu())
                kinds.append(sample.kinds.cpu())
                progress.update(len(sample.labels))
        for name, parts in (("labels", labels), ("kinds", kinds)):
            with _entry(archive, name) as entry:
                numpy.lib.format.write_array(entry, torch.cat(parts).numpy())


def _entry(archive: zipfile.ZipFile, name: str) -> BinaryIO:
    """Open a new entry of an npz archive, dated 1980 (ZipInfo's default), so that the bytes are always the same."""
    return archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file that replaces `path` if the block ends without an error."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; allowed: a file")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            yield file
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


if __name__ == "__main__":
    report_input_errors(main)
