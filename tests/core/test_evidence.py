"""The vocabulary of a judgement."""

from screener.core.evidence import GRAVEST_FIRST, Kind, Reason


def test_a_reason_says_what_it_is_about_where_it_is_about_something() -> None:
    assert Reason.BY_AGENT.of("8001") == "by_agent:8001"
    assert Reason.REPEAT_OFFENDER.of(3) == "repeat_offender:3"
    assert Reason.BY_AGENT.of("") == "by_agent", "an agent whom nobody named"


def test_every_kind_and_none_have_a_place_among_the_gravest() -> None:
    assert sorted(map(str, GRAVEST_FIRST)) == sorted(map(str, [*Kind, None]))
    assert GRAVEST_FIRST[-1] is None
