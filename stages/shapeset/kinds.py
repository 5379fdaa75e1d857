"""The three kinds of shape, and which of the nine classes one or two of them make."""

KINDS = ("triangle", "parallelogram", "ellipse")
VERTICES = (3, 4, 20)  # the author draws an ellipse as a stretched 20-gon
NO_SHAPE = -1  # the kind and the grey of a second shape that is not there

# CLASS_OF_KINDS[first][second] is the label; the last column, which an index of NO_SHAPE reaches, is a lone shape.
CLASS_OF_KINDS = (
    (3, 4, 5, 0),
    (4, 6, 7, 1),
    (5, 7, 8, 2),
)
