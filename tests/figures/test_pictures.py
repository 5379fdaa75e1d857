"""Still pictures show the page's charts without their interactive parts."""

import subprocess
import sys

from stages.figures import activation_spread, pictures, style
from stages.figures.charts import drawn, in_panels
from tests.figures.test_charts import FIGURES


def specification(results) -> dict:
    chart = activation_spread.draw(in_panels(results.monitored, ["tanh"], results.headings))
    return style.specification(chart, "Figure 3. Tanh\nShapeset", "What tanh does.")


def test_a_still_has_the_title_the_data_set_and_nothing_invisible(results):
    picture = pictures.svg(specification(results))
    assert ">Figure 3. Tanh</text>" in picture
    assert ">Shapeset</text>" in picture
    assert 'opacity="0"' not in picture
    assert len(picture) < 100_000


def test_a_legend_names_the_models_that_are_shown(results):
    chart, _ = drawn(FIGURES["figure-9"], results)
    assert chart.usermeta["more"]
    picture = pictures.svg(style.specification(chart, "Figure 9", ""))
    names = [model for model in results.recipes if f">{model}</text>" in picture]
    assert names == chart.usermeta["shown"] == ["tanh", "tanh-n"]


def test_drawing_a_still_leaves_the_specification_as_it_was(results):
    ours = specification(results)
    pictures.svg(ours)
    assert ours == specification(results)


def test_pictures_use_no_installed_font():
    program = """
import vl_convert
from stages.figures import pictures
text = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text y="20" font-family="{}">layer</text></svg>'
drawn = [vl_convert.svg_to_png(text.format(font)) for font in ("no such font", "DejaVu Serif", "Liberation Sans")]
print(drawn[0] == drawn[1], drawn[0] == drawn[2])
"""
    same = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert same.split() == ["True", "False"]  # a common font is not found, the built-in one is
