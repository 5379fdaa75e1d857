"""Figure 1 shows the images themselves, pixel for pixel."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from stages import render
from stages.datasets.dataset import find_dataset
from stages.figures import examples, style
from stages.params import DATASETS
from stages.render import EXAMPLES_PER_CLASS
from tests.synthetic_results import write_results


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_class_has_its_own_images(tmp_path, monkeypatch, dataset):
    monkeypatch.chdir(tmp_path)
    write_results(tmp_path, dataset, {})
    file, class_names = tmp_path / f"data/prepared/{dataset}/test.safetensors", find_dataset(dataset).class_names
    specification = style.specification(examples.draw(render.read_examples(dataset)), "examples", "")
    (rows,) = specification["datasets"].values()
    assert [row["class_name"] for row in rows] == [name for name in class_names for _ in range(EXAMPLES_PER_CLASS)]
    test = load_file(file)
    for label, name in enumerate(class_names):
        shown = [row["picture"] for row in rows if row["class_name"] == name]
        for uri, image in zip(shown, test["images"][test["labels"] == label], strict=False):
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))))
            np.testing.assert_array_equal(pixels, image)
    assert specification["mark"]["smooth"] is False  # magnified, a pixel is a square
