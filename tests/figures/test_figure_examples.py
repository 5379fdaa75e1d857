"""Figure 1 shows the images themselves, pixel for pixel."""

import base64
import io

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

from stages.figures import examples, style
from stages.render import EXAMPLES
from stages.shapeset import CLASS_NAMES


def test_every_class_has_its_own_images_at_twice_their_size(root, results):
    specification = style.specification(examples.draw(results.examples), "examples")
    (rows,) = specification["datasets"].values()
    assert [row["class_name"] for row in rows] == [name for name in CLASS_NAMES for _ in range(EXAMPLES)]
    test = load_file(root / "data/prepared/shapeset/test.safetensors")
    for label, name in enumerate(CLASS_NAMES):
        shown = [row["picture"] for row in rows if row["class_name"] == name]
        for uri, image in zip(shown, test["images"][test["labels"] == label], strict=False):
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))))
            np.testing.assert_array_equal(pixels, np.kron(image, np.ones((2, 2), dtype=np.uint8)))
