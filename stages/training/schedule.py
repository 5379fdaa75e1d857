"""When training is looked at: often at first, when saturation sets in, and ever more rarely."""


def monitoring_schedule(updates: int, points: int) -> list[int]:
    """Return increasing update numbers from 0 to `updates`, about `points` of them, spaced as the cubes."""
    return sorted({round(updates * (point / points) ** 3) for point in range(points + 1)})
