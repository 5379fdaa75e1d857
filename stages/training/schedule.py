"""The monitored updates: dense at first, when saturation sets in, then ever sparser."""


def monitoring_schedule(updates: int, points: int) -> list[int]:
    """Return increasing update numbers from 0 to `updates`, about `points` of them, spaced as the cubes."""
    return sorted({round(updates * (point / points) ** 3) for point in range(points + 1)})
