"""MNIST, cut into 50,000, 10,000 and 10,000 images (Section 2.2)."""

from functools import partial

from stages.datasets.dataset import Classes, Dataset, Expected, Pixels
from stages.datasets.formats import idx_files

DATASET = Dataset(
    title="MNIST",
    class_names=tuple("0123456789"),
    image_shape=idx_files.IMAGE_SHAPE,
    commonest_share=0.1135,  # the ones among the 10,000 test images
    words="Handwritten digits, 28×28 pixels in grey, centred and of one size: by far the easiest of the paper's four "
    "data sets. In the paper the five networks end within 0.6 percentage points of each other.",
    fetch=partial(idx_files.fetch, "mnist"),
    prepare=partial(idx_files.prepare, "mnist"),
    expected=Expected(
        facts={"file": str, "position": float},
        classes=Classes(
            training=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            test=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
            words="the published share of each digit",
        ),
        # Digits stand in the files writer by writer, and each writer's strokes are alike: the mean of 500 in a row is
        # off by up to 23 standard errors of independent digits, measured on all 70,000.
        pixels=Pixels(means=(0.1307,), deviations=(0.3081,), spread=0.048, standard_errors=25),
    ),
)
