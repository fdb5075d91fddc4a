"""How long is waited before what failed is tried again."""

from dataclasses import dataclass

_MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True)
class Backoff:
    """Twice as long after every further failure in a row.

    Attributes:
        first, longest: seconds.
    """

    first: float
    longest: float

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, at least one."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
