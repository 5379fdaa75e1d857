"""Shapeset-3×2: an endless stream of 32×32 images of one or two triangles, parallelograms or ellipses."""
