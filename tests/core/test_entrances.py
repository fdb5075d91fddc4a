"""Which course a call takes, by the way it came."""

from dataclasses import replace

import pytest

from screener.core.by_hand import ByHand
from screener.core.entrances import COURSES, open_session
from screener.core.flow import Flow
from screener.core.in_path import InPath
from screener.core.session import Session
from screener.core.watching import Beside, Watching
from screener.events import Entrance
from tests.core.helpers import offer, plain


def test_every_entrance_has_a_course() -> None:
    assert set(COURSES) == set(Entrance)


@pytest.mark.parametrize(
    ("entrance", "course"),
    [
        (Entrance.IN_PATH, InPath),
        (Entrance.BY_HAND, ByHand),
        (Entrance.BESIDE, Beside),
        (Entrance.REPLAY, Watching),
    ],
)
def test_a_call_takes_the_course_of_its_entrance(entrance: Entrance, course: type[Session]) -> None:
    assert type(open_session(offer(entrance=entrance), plain(), Flow())) is course


def test_a_session_changes_nothing_of_what_all_calls_share() -> None:
    shared = replace(plain(), weights=replace(plain().weights, in_path=-0.5))
    open_session(offer(entrance=Entrance.IN_PATH), shared, Flow())
    assert shared.weights.in_path == -0.5
