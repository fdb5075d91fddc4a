"""How far the numbers of the settings may go: what no clock, queue or day can hold is refused, not met later."""

from typing import Annotated, Final

from pydantic import Field

SECONDS_MOST: Final = 86400
"""A day: nothing of a call, nor of a burst of calls, is counted over more."""
DAYS_MOST: Final = 36500
TIMES_MOST: Final = 1000
"""How often something may be said, or must have been counted."""

Seconds = Annotated[float, Field(gt=0, le=SECONDS_MOST)]
Days = Annotated[int, Field(ge=0, le=DAYS_MOST)]
