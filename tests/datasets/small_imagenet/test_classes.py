"""Every synset below the ten is in its class."""

from collections import Counter

from stages.datasets.dataset import find_dataset
from stages.datasets.small_imagenet.classes import class_labels
from tests.datasets.small_imagenet.stand_in import ELSEWHERE, WNIDS

TOPS = {
    "reptiles": "n01661091",
    "vehicles": "n04524313",
    "birds": "n01503061",
    "mammals": "n01861778",
    "fish": "n02512053",
    "furniture": "n03405725",
    "instruments": "n03800933",
    "tools": "n04451818",
    "flowers": "n11669921",
    "fruits": "n13134947",
}


def test_the_ten_and_known_synsets_below_them_are_in_their_classes():
    labels = class_labels()
    names = find_dataset("small_imagenet").class_names
    assert {name: names[labels[wnid]] for name, wnid in TOPS.items()} == {name: name for name in TOPS}
    assert {wnid: names[labels[wnid]] for wnid in WNIDS} == WNIDS
    assert ELSEWHERE not in labels
    assert len(labels) == 4997
    assert min(Counter(labels.values()).values()) == 164  # musical instruments
