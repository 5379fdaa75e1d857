"""The three kinds of shape, and the nine classes that scenes of one or two shapes form."""

KINDS = ("triangle", "parallelogram", "ellipse")
VERTICES = (3, 4, 20)  # the author's ellipse is a stretched 20-gon
NO_SHAPE = -1  # kind and grey of a missing second shape

# CLASS_OF_KINDS[first][second] is the label; the index NO_SHAPE selects the last column, a single shape.
CLASS_OF_KINDS = (
    (3, 4, 5, 0),
    (4, 6, 7, 1),
    (5, 7, 8, 2),
)
