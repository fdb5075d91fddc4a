"""Who acts on the log, when, and by what way: as the access record keeps it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class By:
    """Who acts.

    Attributes:
        who: their name.
        at: when; aware.
        way: how it came: `console`, `screener list block add`.
    """

    who: str
    at: datetime
    way: str
