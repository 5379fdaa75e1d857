"""params.yaml as checked, typed values."""

from stages.params.datasets import DATASETS, MNIST_FILES, Cifar10, InputRange, Mnist, SmallImagenet, Splits
from stages.params.file import Params, load_params
from stages.params.recipes import Model, Pretraining
from stages.params.scales import FixedSet, Scale
