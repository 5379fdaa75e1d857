"""Small-ImageNet as in the paper (Section 2.2): photographs of ten WordNet classes, small, grey and balanced."""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save
from tqdm import tqdm

from stages.datasets.dataset import Below, Classes, Dataset, Expected, Pixels
from stages.datasets.small_imagenet.archive import (
    ALLOWED,
    PassedOver,
    Photograph,
    find_photographs,
    folder_of_classes,
)
from stages.datasets.small_imagenet.choice import choose
from stages.datasets.small_imagenet.classes import CLASS_NAMES, class_labels
from stages.datasets.small_imagenet.photographs import MOST_BYTES, SIDE, Undecodable, shrink
from stages.handover.prepared import SPLITS, Prepared, Split
from stages.handover.tables import read_table
from stages.handover.tensors import read_tensors
from stages.params import SmallImagenet
from stages.running.errors import AGAIN, InputError, say

LEAST_CONTRAST = 4  # greys: with a standard deviation up to this an image is nearly constant
MOST = 11_000  # photographs of a class: as many as the paper's splits have
SPARE = 1200  # more of a class, that may turn out unusable
DRAW = 2010  # the seed of the choice among more of them; not a parameter, since the choice takes long
FORGIVEN = 3  # undecodable photographs, however few there are in all
NAMED = 3  # photographs in a message
AT_ONCE = 16  # photographs a thread decodes per task
COLUMNS = ("file", "wnid", "class", "label", "rank", "flaw", "detail")


def fetch(settings: SmallImagenet, folder: Path) -> None:
    """Choose and decode up to `MOST` photographs of each class, and write their pixels and a table into `folder`.

    The result depends on the source alone: the sizes of the splits only decide whether it is refused. There are no more
    of a class than the smallest has, since the splits are balanced. `photographs.safetensors` has the images, uint8
    (count, 37, 37), and labels, int64 (count,), by class and rank; `photographs.parquet` the table that `look` returns.
    Needs 5 KB of memory per chosen photograph, and the memory to decode one per core, however large ImageNet is. Raises
    InputError as `find_photographs` does, and if a class has too few photographs.
    """
    source, labels, passed = Path(settings.source), class_labels(), PassedOver()
    found = find_photographs(source, labels, passed)
    candidates = choose(_watched(found, source), labels, DRAW, MOST + SPARE)
    if not any(candidates.values()):
        raise InputError(_none_found(source, passed))
    if passed.words():
        say(f"{source}: passed over {passed.words()}")
    counts = {label: min(len(of_class), MOST) for label, of_class in candidates.items()}
    _check_enough(source, "photographs", counts, settings)
    images, table = look(candidates, min(counts.values()))
    _report_undecodable(table)
    usable = table.loc[table["flaw"] == "", "label"]
    (folder / "photographs.safetensors").write_bytes(save({"images": images, "labels": usable.to_numpy()}))
    table.to_parquet(folder / "photographs.parquet", index=False)


def prepare(settings: SmallImagenet, raw: Path) -> Prepared:
    """Cut the splits from the files of `fetch` in `raw`, each with equally many images of every class, in random order.

    The seed draws which images of a class go into which split. The facts give each image's file and wnid, and the share
    of all examined files, beyond the first `FORGIVEN`, that could not be decoded. Raises InputError if `raw` has too
    few images of a class, or is damaged.
    """
    table = read_table(raw / "photographs.parquet")
    usable = table[table["flaw"] == ""].reset_index(drop=True)
    arrays = read_tensors(raw / "photographs.safetensors")
    images, labels = arrays.get("images"), arrays.get("labels")
    if images is None or images.shape != (len(usable), SIDE, SIDE) or not np.array_equal(labels, usable["label"]):
        raise InputError(f"{raw}: photographs.safetensors and photographs.parquet do not belong together; {AGAIN}")
    counts = {label: int((labels == label).sum()) for label in range(len(CLASS_NAMES))}
    _check_enough(raw, "usable photographs", counts, settings)
    orders = [np.random.default_rng([settings.seed, len(SPLITS), label]).permutation(n) for label, n in counts.items()]
    place_in_class = np.concatenate(orders)
    undecodable_share = max(0, (table["flaw"] == "undecodable").sum() - FORGIVEN) / len(table)
    splits, facts, begin = {}, [], 0
    for number, split in enumerate(SPLITS):
        end = begin + getattr(settings, split) // len(CLASS_NAMES)
        rows = np.flatnonzero((begin <= place_in_class) & (place_in_class < end))
        rows = np.random.default_rng([settings.seed, number]).permutation(rows)
        splits[split] = Split(images[rows], labels[rows])
        known = usable.loc[rows, ["label", "file", "wnid"]].reset_index(drop=True)
        known.insert(0, "split", split)
        known.insert(1, "index", np.arange(len(rows)))
        facts.append(known.assign(undecodable_share=undecodable_share))
        begin = end
    return Prepared(splits, pd.concat(facts, ignore_index=True))


def look(candidates: Mapping[int, Mapping[int, Photograph]], needed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Decode the candidates of each class in the order of their ranks until `needed` of them are usable.

    candidates: by label and rank, as `choose` returns them. Returns the usable images, uint8 (count, 37, 37), and a
    table of all examined photographs with `COLUMNS`, both by label and rank. Its `flaw` is empty, or the reason why a
    photograph is unusable: undecodable, near-constant, or repeated (its pixels are those of an earlier one). The result
    is the same on any number of cores.
    """
    waiting = {label: iter(of_class.items()) for label, of_class in candidates.items()}
    usable = dict.fromkeys(candidates, 0)
    first_with: dict[bytes, str] = {}
    images, rows = {}, []
    with tqdm(desc="decoding", unit=" photographs", total=0, disable=None) as bar:
        # Later rounds replace unusable photographs, so that timing does not decide which are examined.
        while batch := [
            (label, rank, photograph)
            for label in candidates
            for rank, photograph in islice(waiting[label], needed - usable[label])
        ]:
            bar.total += len(batch)
            pixels, errors = _decode([photograph for _, _, photograph in batch], bar)
            for (label, rank, photograph), image, error in zip(batch, pixels, errors, strict=True):
                content = blake2b(image, digest_size=16).digest()
                if error:
                    flaw, detail = "undecodable", error
                elif image.std() <= LEAST_CONTRAST:
                    flaw, detail = "near-constant", f"standard deviation {image.std():.2f}"
                elif content in first_with:
                    flaw, detail = "repeated", first_with[content]
                else:
                    flaw, detail = "", ""
                    first_with[content] = photograph.name
                    images[label, rank] = image
                    usable[label] += 1
                rows.append((photograph.name, photograph.wnid, CLASS_NAMES[label], label, rank, flaw, detail))
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"label": np.int64, "rank": np.uint64})
    in_order = [images[key] for key in sorted(images)]
    return np.array(in_order).reshape(-1, SIDE, SIDE), table.sort_values(["label", "rank"], ignore_index=True)


def _decode(photographs: Sequence[Photograph], bar: tqdm) -> tuple[np.ndarray, list[str]]:
    """Return each photograph's pixels, uint8 (count, 37, 37), and its decoding error or an empty text.

    Threads suffice: Pillow releases the global interpreter lock while it decodes.
    """
    pixels = np.zeros((len(photographs), SIDE, SIDE), np.uint8)
    errors = [""] * len(photographs)

    def decode_one(place: int) -> None:
        try:
            pixels[place] = shrink(photographs[place].read(MOST_BYTES + 1))
        except Undecodable as error:
            errors[place] = str(error)

    in_disk_order = sorted(range(len(photographs)), key=lambda place: photographs[place][2:])
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    with warnings.catch_warnings(), ThreadPool(cores) as pool:
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which is ignored
        for _ in pool.imap_unordered(decode_one, in_disk_order, AT_ONCE):
            bar.update()
    return pixels, errors


def _watched(photographs: Iterator[Photograph], source: Path) -> Iterator[Photograph]:
    """Yield `photographs` and show the progress of the search: bytes of a tar, or photographs in a folder."""
    in_tar = os.path.isfile(source)
    measure = {"unit": "B", "total": source.stat().st_size} if in_tar else {"unit": " photographs"}
    with tqdm(desc="looking for photographs", unit_scale=True, disable=None, **measure) as bar:
        for photograph in photographs:
            yield photograph
            bar.update(photograph.offset + photograph.size - bar.n if in_tar else 1)


def _none_found(source: Path, passed: PassedOver) -> str:
    """Return the message where no photograph is of the ten classes."""
    there = f"; there are {passed.words()}" if passed.words() else ""
    better = folder_of_classes(source)
    advice = f"; set small_imagenet.source in params.yaml to {better}" if better else ""
    return f"{source}: has no photograph of Small-ImageNet's ten classes{there}{advice}; allowed: {ALLOWED}"


def _report_undecodable(table: pd.DataFrame) -> None:
    """Name the first photographs that could not be decoded, with the reason."""
    broken = table[table["flaw"] == "undecodable"]
    if len(broken):
        first = "; ".join(f"{row.file}: {row.detail}" for row in broken.head(NAMED).itertuples())
        say(f"{len(broken):,} of {len(table):,} photographs could not be decoded: {first}")


def _check_enough(place: Path, what: str, counts: Mapping[int, int], settings: SmallImagenet) -> None:
    """Raise InputError that names the class with the smallest of `counts`, by label, if the splits need more."""
    needed, classes = sum(getattr(settings, split) for split in SPLITS) // len(CLASS_NAMES), len(CLASS_NAMES)
    label = min(counts, key=counts.get)
    found = counts[label]
    if not found:
        missing = ", ".join(CLASS_NAMES[one] for one, count in counts.items() if not count)
        raise InputError(
            f"{place}: has no {what} of these classes: {missing}; set small_imagenet.source in params.yaml to an "
            f"ImageNet with all of Small-ImageNet's ten classes: {', '.join(CLASS_NAMES)}"
        )
    if found < needed:
        raise InputError(
            f"{place}: the class {CLASS_NAMES[label]} has {found:,} {what}, {needed:,} are needed; set "
            f"small_imagenet.train, validation and test in params.yaml to at most {classes * found:,} together, not "
            f"{classes * needed:,}, or small_imagenet.source to an ImageNet with more"
        )


DATASET = Dataset(
    title="Small-ImageNet",
    class_names=CLASS_NAMES,
    image_shape=(SIDE, SIDE),
    commonest_share=0.1,
    words="Photographs from ImageNet in ten wide classes, cut to a square and shrunk to 37×37 pixels in grey. The "
    "photographs of one class may look very different: in the paper all five networks name about seven of ten test "
    "images wrongly.",
    fetch=fetch,
    prepare=prepare,
    expected=Expected(
        facts={"file": str, "wnid": str, "undecodable_share": float},
        classes=Classes(training=(1,) * 10, test=(1,) * 10, words="a tenth of each class", exact=True),
        # The luma of ImageNet's published means 0.485, 0.456, 0.406 and deviations 0.229, 0.224, 0.225 of red, green
        # and blue. Those are of all its classes and of larger crops; 1,000 real photographs at 37×37 have 0.465, 0.247.
        pixels=Pixels(means=(0.459,), deviations=(0.226,), spread=0.13, allowance=0.05),
        below=(Below("undecodable_share", 0.001, f"apart from {FORGIVEN} files, under 0.1% could not be decoded"),),
    ),
)
