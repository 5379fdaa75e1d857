"""Which photographs are taken depends on the seed and their names, and on nothing else."""

import random

from stages.datasets.small_imagenet.archive import Photograph
from stages.datasets.small_imagenet.choice import choose, rank
from tests.datasets.small_imagenet.memory import peak_bytes

LABELS = {"n01440764": 0, "n02085620": 1, "n02084071": 1, "n11939491": 2}


def listed(of_each: int) -> list[Photograph]:
    """Photographs of every synset."""
    return [
        Photograph(wnid, f"{wnid}/{number}.JPEG", "all.tar", 1000 * number, 9)
        for wnid in LABELS
        for number in range(of_each)
    ]


def names(chosen) -> list[list[str]]:
    return [[photograph.name for photograph in of_class.values()] for of_class in chosen.values()]


def test_those_of_lowest_rank_are_taken_in_its_order_whatever_the_order_they_come_in():
    photographs = listed(200)
    expected = [
        sorted((one.name for one in photographs if LABELS[one.wnid] == label), key=lambda name: rank(7, name))[:12]
        for label in range(3)
    ]
    for order in range(5):
        random.Random(order).shuffle(photographs)
        chosen = choose(photographs, LABELS, seed=7, most=12)
        assert names(chosen) == expected
        assert all(drawn == rank(7, one.name) for of_class in chosen.values() for drawn, one in of_class.items())


def test_another_seed_takes_others_and_each_synset_of_a_class_has_its_share():
    first = choose(listed(500), LABELS, seed=1, most=400)
    second = choose(listed(500), LABELS, seed=2, most=400)
    assert names(first) != names(second)
    dogs = [photograph.wnid for photograph in first[1].values()]
    assert 150 < dogs.count("n02085620") < 250  # binomial, standard deviation 8 at most


def test_fewer_than_asked_for_are_all_taken():
    chosen = choose(listed(3), LABELS, seed=1, most=10)
    assert [len(of_class) for of_class in chosen.values()] == [3, 6, 3]
    assert [len(of_class) for of_class in choose([], LABELS, seed=1, most=10).values()] == [0, 0, 0]


def test_of_two_with_the_same_name_one_is_taken_whatever_the_order():
    once = [Photograph("n01440764", "n01440764/1.JPEG", file, 0, 9) for file in ("a.tar", "b.tar")]
    rest = listed(30)
    chosen = choose([*once, *rest], LABELS, seed=1, most=4)
    assert chosen == choose([*rest, *reversed(once)], LABELS, seed=1, most=4)
    fish = listed(8)[:8]  # after which all but four are dropped
    last = list(choose(fish, LABELS, seed=1, most=4)[0].values())[-1]
    earlier = last._replace(file="a.tar")
    assert choose([earlier, *fish], LABELS, seed=1, most=4) == choose([*fish, earlier], LABELS, seed=1, most=4)
    assert [one.file for one in choose(once, LABELS, seed=1, most=4)[0].values()] == ["a.tar"]


def choose_of(count: int) -> None:
    """Choose from `count` photographs that are made one by one."""
    photographs = (Photograph("n01440764", f"n01440764/{number}.JPEG", "all.tar", 0, 9) for number in range(count))
    choose(photographs, LABELS, seed=1, most=50)


def test_memory_does_not_grow_with_the_photographs_there_are():
    assert peak_bytes(choose_of, 5000) < 1.5 * peak_bytes(choose_of, 200)
