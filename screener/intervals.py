"""95 % intervals of what was counted: shares, and means of rare events."""

import math

Z = 1.96
"""Standard deviations to either side that hold 95 %."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Interval of a share of which `hits` of `total` were seen (Wilson); all of 0..1 when nothing was."""
    if not total:
        return 0.0, 1.0
    p, z = hits / total, Z * Z / total
    middle = (p + z / 2) / (1 + z)
    half = Z / (1 + z) * math.sqrt(p * (1 - p) / total + z / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def poisson(count: int) -> tuple[float, float]:
    """Interval of the mean of which `count` were seen (Byar's approximation)."""
    low = count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3 if count else 0.0
    above = count + 1
    return max(0.0, low), above * (1 - 1 / (9 * above) + Z / (3 * math.sqrt(above))) ** 3
