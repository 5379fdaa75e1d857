"""A slow reference implementation: one scene at a time, step by step, in plain Python and float64."""

import math

import numpy

SIDES = (3, 4, 20)
WORD = 2**32


def philox_words(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 from its definition: ten rounds of two multiplications; the key is bumped between rounds."""
    for bump in range(10):
        left, right = ((value + bump * weyl) % WORD for value, weyl in zip(key, (0x9E3779B9, 0xBB67AE85), strict=True))
        high_0, low_0 = divmod(0xD2511F53 * counter[0], WORD)
        high_1, low_1 = divmod(0xCD9E8D57 * counter[2], WORD)
        counter = [high_1 ^ counter[1] ^ left, low_1, high_0 ^ counter[3] ^ right, low_0]
    return counter


def scene(seed: int, split: int, index: int) -> dict:
    """Return the background, kinds, greys, vertices, overlap and rejections of a scene."""

    def words(attempt: int, purpose: int) -> list[int]:
        return philox_words([index % WORD, index // WORD, attempt, purpose], [seed, split])

    composition, greys_word, *angle_words = words(0, 0)
    (shapes, light, first, second, level), _ = whole_numbers(composition, 2, 2, 3, 3, 1)
    lights, darks = range(140, 256), range(115)
    ground, ink = (darks, lights) if light else (lights, darks)
    (*_, level), _ = whole_numbers(composition, 2, 2, 3, 3, len(ground))
    greys, _ = whole_numbers(greys_word, len(ink), len(ink))
    kinds = [first, second][: shapes + 1]
    drawn = {"background": ground[level], "greys": [ink[grey] for grey in greys], "rejections": 0, "overlap": 0.0}
    placed = []
    for order, kind in enumerate(kinds):
        while True:
            attempt = drawn["rejections"] if order else 0
            shape = place(SIDES[kind], angle_words[order], words(attempt, 1 + order))
            if order:
                drawn["overlap"] = hidden(placed[0], shape)
                if drawn["overlap"] > 0.5 and drawn["rejections"] < 51:
                    drawn["rejections"] += 1
                    continue
            placed.append(shape)
            break
    if drawn["rejections"] >= 50:
        placed, drawn["overlap"] = placed[:1], 0.0
    drawn["kinds"] = kinds[: len(placed)]
    drawn["greys"] = drawn["greys"][: len(placed)]
    drawn["vertices"] = [shape["vertices"] for shape in placed]
    return drawn


def whole_numbers(word: int, *ranges: int) -> tuple[list[int], int]:
    """Draw one whole number below each of `ranges` from one random word."""
    numbers = []
    for below in ranges:
        number, word = divmod(word * below, WORD)
        numbers.append(number)
    return numbers, word


def place(sides: int, angle_word: int, words: list[int]) -> dict:
    """Turn, stretch, turn back, turn and move a regular polygon."""
    numbers = [(word >> 8) / 2**24 for word in words]
    (k, last), _ = whole_numbers(angle_word, 255 // sides, 254)
    if k > 254 // (2 * sides):
        k = min(255 - 254 // sides + k, 254)
    turn = 2 * math.pi * k / 255
    short, long = sorted((0.2 + 0.6 * number) * 32 for number in numbers[:2])
    angles = math.pi / 2 + math.pi * (1 + 2 * numpy.arange(sides)) / sides
    points = numpy.stack((numpy.cos(angles), numpy.sin(angles)), 1) / 2
    points = points @ rotation(turn) * (long, short)
    points = points @ rotation(-math.atan(short / long * math.tan(turn)))
    points = points @ rotation(2 * math.pi * last / 255)
    low, high = 1 - points.min(0), 31 - points.max(0)
    centre = low + numpy.array(numbers[2:]) * (high - low)
    area = short * long * sides * math.sin(2 * math.pi / sides) / (2 * math.pi)
    return {"vertices": points + centre, "centre": centre, "area": area}


def rotation(angle: float) -> numpy.ndarray:
    return numpy.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def hidden(first: dict, new: dict) -> float:
    """Estimate the share of the first shape that the new one hides."""
    first_centre = numpy.trunc(first["centre"])
    c = new["centre"] - first_centre
    d = math.hypot(*c)
    p = ((first["vertices"] - first_centre) @ c).max() / d + ((new["vertices"] - new["centre"]) @ -c).max() / d
    if p < d:
        return 0.0
    return (1 - math.exp(-(p - d) * math.log(2) / d)) * new["area"] / first["area"]
