"""Shapeset-3×2: an endless stream of 32×32 images of one or two triangles, parallelograms or ellipses."""

from stages.shapeset.kinds import CLASS_NAMES, CLASS_SHARES, KINDS, NO_SHAPE

__all__ = ["CLASS_NAMES", "CLASS_SHARES", "KINDS", "NO_SHAPE"]
