"""Fashion-MNIST: clothes in MNIST's layout, cut as MNIST is (https://github.com/zalandoresearch/fashion-mnist)."""

from functools import partial

from stages.datasets.dataset import Classes, Dataset, Expected, Pixels
from stages.datasets.formats import idx_files

DATASET = Dataset(
    title="Fashion-MNIST",
    # the README of its repository, "Labels"
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    image_shape=idx_files.IMAGE_SHAPE,
    commonest_share=0.1,
    words="Clothes, shoes and bags from an online shop, 28×28 pixels in grey. It has MNIST's format and is harder than "
    "MNIST; the paper does not use it.",
    fetch=partial(idx_files.fetch, "fashion_mnist"),
    prepare=partial(idx_files.prepare, "fashion_mnist"),
    expected=Expected(
        facts={"file": str, "position": float},
        # 7,000 images of each class, split 6,000 to 1,000 at random (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747).
        # Neither set is sorted by class, and no image occurs twice (the repository's pull requests 5 and 45).
        classes=Classes(training=(6000,) * 10, test=(1000,) * 10, words="a tenth of each class"),
        # Mean and deviation of the training pixels, as PyTorch users state them: Normalize((0.2860,), (0.3530,)).
        # No source states the spread of single images, so this is its upper bound, the deviation of all pixels; nor how
        # flat the flattest image is, so only blank ones are refused.
        pixels=Pixels(means=(0.2860,), deviations=(0.3530,), spread=0.3530, least_contrast=1),
    ),
)
