"""Where a call stands.

::

    OFFERED ─► SCREENING ─► TRANSFERRING ─► GONE          a matter, time up, an emergency, a failure of ours
                │   │  └──► WARNING ─► TRANSFERRING       an abusive complaint
                │   └─────► CLOSING ─► GONE               nobody says a word
                └─────────► TREATING ─► STAYING ─► GONE   harassment
"""

from enum import Enum, auto


class State(Enum):
    """Of one call; `core.session` moves it."""

    OFFERED = auto()
    SCREENING = auto()
    CLOSING = auto()
    """The closing sentence of a silent call; a word still brings the caller back."""
    WARNING = auto()
    TRANSFERRING = auto()
    RETRYING = auto()
    """A transfer failed; the caller hears that somebody is being sought."""
    TREATING = auto()
    STAYING = auto()
    """The analysis queue has said everything and waits for the caller to hang up."""
    GONE = auto()
    """Transferred or hung up on; nothing is left to do."""
    ENDED = auto()
