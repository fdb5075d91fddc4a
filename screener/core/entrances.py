"""Which course a call takes, by the way it came."""

from dataclasses import replace
from typing import Final

from screener.core.by_hand import ByHand
from screener.core.flow import Flow
from screener.core.in_path import InPath
from screener.core.judgement import Judgement
from screener.core.session import Session
from screener.core.watching import Beside, Watching
from screener.events import CallOffered, Entrance

COURSES: Final[dict[Entrance, type[Session]]] = {
    Entrance.IN_PATH: InPath,
    Entrance.BY_HAND: ByHand,
    Entrance.BESIDE: Beside,
    Entrance.REPLAY: Watching,
}


def open_session(offer: CallOffered, judgement: Judgement, flow: Flow) -> Session:
    """The session of one call.

    Args:
        offer: who calls, and how the call came.
        judgement: lexicon, weights and calendar.
        flow: the site's course of a call.
    """
    judgement = replace(judgement, weights=judgement.weights.at(offer.entrance))
    return COURSES[offer.entrance](offer, judgement, flow)
