"""A small ImageNet: pictures made here, laid out as a folder tree and as a tar of tars."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

WNIDS = {  # one synset of ILSVRC-2012 in each class, in the order of the labels
    "n01664065": "reptiles",
    "n02701002": "vehicles",
    "n01514668": "birds",
    "n02085620": "mammals",
    "n01440764": "fish",
    "n02791124": "furniture",
    "n02672831": "instruments",
    "n02951585": "tools",
    "n11939491": "flowers",
    "n07745940": "fruits",
}
ELSEWHERE = "n03000247"  # chain mail, in none of the ten


def picture(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A colour picture that, like a photograph, has more contrast the coarser one looks."""
    random = np.random.default_rng(seed)
    size = (width, height)
    layers = [random.integers(0, 256, (n, n, 3), dtype=np.uint8) for n in (3, 6, 12)]
    scaled = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BICUBIC), float) for one in layers]
    return Image.fromarray((0.5 * scaled[0] + 0.3 * scaled[1] + 0.2 * scaled[2]).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    """The contents of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photographs(of_each: int, wnids=WNIDS) -> dict[str, bytes]:
    """As many different JPEGs of each synset, by name: n01440764/n01440764_1.JPEG and so on."""
    names = [f"{wnid}/{wnid}_{number}.JPEG" for wnid in wnids for number in range(of_each)]
    return {name: encoded(picture(seed), quality=95) for seed, name in enumerate(names)}


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write `files` below `folder`."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def tar(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar of `files`; in place of contents there may be a member that has none."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def tar_of_tars(files: Mapping[str, bytes]) -> bytes:
    """A tar with a tar for each folder, as ImageNet is distributed."""
    inner: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        folder, file = name.split("/")
        inner.setdefault(f"{folder}.tar", {})[file] = content
    return tar({name: tar(members) for name, members in inner.items()})
