"""The chart of depths draws the lowest error at each depth, with a large dot for the chosen run."""

import pandas as pd
import vl_convert

from stages.figures import depths, style
from tests.figures.drawing import assert_drawn_to_scale, marks, with_role

RUNS = pd.DataFrame(
    [
        ("sigmoid", 3, 0.8, False),
        ("sigmoid", 4, 0.8, True),
        ("sigmoid", 5, 0.8, False),
        ("tanh", 3, 0.5, False),
        ("tanh", 3, 0.4, False),
        ("tanh", 4, None, False),
        ("tanh", 5, 0.3, True),
    ],
    columns=["model", "hidden_layers", "validation_error", "chosen"],
).astype({"model": "category"})


def test_lines_are_the_lowest_errors_and_a_run_that_diverged_has_none():
    (drawn,) = marks(depths.draw(RUNS)).values()
    sigmoid, tanh = [mark for mark in drawn if mark.kind == "line"]
    assert_drawn_to_scale([*sigmoid.ys, *tanh.ys], [0.8, 0.8, 0.8, 0.4, 0.3])


def test_only_the_chosen_depth_has_a_large_dot_even_in_a_tie():
    scene = vl_convert.vegalite_to_scenegraph(style.specification(depths.draw(RUNS), "", ""))["scenegraph"]
    (dots,) = [group["items"] for group in with_role(scene, "mark") if group["marktype"] == "symbol"]
    largest = max(dot["size"] for dot in dots)
    places = sorted({dot["x"] for dot in dots})
    assert sorted(places.index(dot["x"]) for dot in dots if dot["size"] == largest) == [1, 2]
