"""Recorded scenes of the author's generator, as arrays: the reference for the pixels and the distribution."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch

from stages.shapeset.kinds import KINDS, VERTICES
from stages.shapeset.paint import fill
from stages.shapeset.raster import spans


@dataclass(frozen=True)
class RecordedScenes:
    kinds: numpy.ndarray  # int64 (2, count), −1 for no shape
    greys: numpy.ndarray  # int64 (2, count), −1 for no shape
    background: numpy.ndarray  # int64 (count,)
    vertices: numpy.ndarray  # (2, count, 20, 2): x and y; NaN past the last vertex


def read_author_scenes(folder: Path) -> RecordedScenes:
    """Read the author's 2,000 scenes."""
    scenes = json.loads(gzip.decompress((folder / "author_scenes.json.gz").read_bytes()))
    kinds, greys = numpy.full((2, 2, len(scenes)), -1)
    vertices = numpy.full((2, len(scenes), max(VERTICES), 2), numpy.nan)
    for position, scene in enumerate(scenes):
        for order, shape in enumerate(scene["shapes"]):
            kinds[order, position] = KINDS.index(shape["kind"])
            greys[order, position] = shape["grey"]
            vertices[order, position, : len(shape["vertices"])] = shape["vertices"]
    return RecordedScenes(kinds, greys, numpy.array([scene["background"] for scene in scenes]), vertices)


def read_own_fixture(file: Path) -> tuple[RecordedScenes, numpy.ndarray]:
    """Read the repository's small sample of the author's scenes, and their images."""
    with numpy.load(file) as arrays:
        return RecordedScenes(*(arrays[name] for name in RecordedScenes.__annotations__)), arrays["images"]


def images_of(scenes: RecordedScenes) -> numpy.ndarray:
    """Paint recorded scenes with the project's fill rule: uint8 (count, 32, 32)."""
    rows = torch.zeros(2, len(scenes.background), 32, dtype=torch.int32)
    for kind, count in enumerate(VERTICES):
        chosen = scenes.kinds == kind
        x, y = torch.tensor(scenes.vertices[chosen][:, :count]).permute(2, 1, 0)
        rows[torch.tensor(chosen)] = spans(x, y)
    images = torch.empty(len(scenes.background), 32, 32, dtype=torch.uint8)
    fill(rows, *(torch.tensor(grey, dtype=torch.int64) for grey in (scenes.background, scenes.greys)), images)
    return images.numpy()


def poses_of(scenes: RecordedScenes) -> numpy.ndarray:
    """Recover the pose of every shape from its vertices: float64 (6, 2, count), NaN for a missing shape."""
    poses = numpy.full((6, *scenes.kinds.shape), numpy.nan)
    for kind, count in enumerate(VERTICES):
        chosen = scenes.kinds == kind
        angles = numpy.pi / 2 + numpy.pi * (1 + 2 * numpy.arange(count)) / count
        polygon = numpy.stack((numpy.cos(angles) / 2, numpy.sin(angles) / 2, numpy.ones(count)), 1)
        recovered = numpy.linalg.pinv(polygon) @ scenes.vertices[chosen][:, :count]  # (shapes, 3, 2)
        poses[:, chosen] = recovered.transpose(2, 1, 0).reshape(6, -1)
    return poses
