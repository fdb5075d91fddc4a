"""Two who begin to talk: who is told, which legs are dialled, and what becomes of a leg that is not."""

from collections.abc import Callable

import pytest

from screener.conversations.leg_names import leg_named
from screener.conversations.listening import Listening
from screener.conversations.ongoing import Conversation
from screener.conversations.parties import Connected
from screener.events import EndedBy, Speaker
from screener.settings.sections import Pbx
from tests.conversations.test_ongoing import talk


class PhoneSystem:
    """Dials what it is asked for, and is the listener that is told."""

    def __init__(self, most: int = 2, *, hear_agent: bool = True) -> None:
        self.begun_with: list[Connected] = []
        self.dialled: list[tuple[str, str, Speaker]] = []
        self.deaf_for: list[str] = []
        self.refusals: dict[Speaker, Callable[[str], None]] = {}
        settings = Pbx(hear_agent=hear_agent, max_calls=most)
        self.listening = Listening(settings, "pbx", "beside", self, self.dial)

    def dial(self, channel: str, name: str, speaker: Speaker, deaf: Callable[[str], None]) -> None:
        assert self.begun_with, "the listener knows the conversation before its legs come"
        self.dialled.append((channel, name, speaker))
        self.refusals[speaker] = deaf

    def begun(self, conversation: Conversation) -> None:
        self.begun_with.append(conversation.who)

    def deaf(self, _conversation: Conversation, reason: str) -> None:
        self.deaf_for.append(reason)

    def over(self, _conversation: Conversation, _by: EndedBy) -> None: ...


def test_each_voice_has_a_leg_of_its_own_by_a_name_that_says_whose() -> None:
    pbx = PhoneSystem()
    pbx.listening.connected(talk(1))
    assert pbx.begun_with == [talk(1)]
    assert [(channel, speaker) for channel, _, speaker in pbx.dialled] == [
        ("PJSIP/trunk-1", Speaker.CALLER),
        ("PJSIP/agent1-1", Speaker.AGENT),
    ]
    for _, name, speaker in pbx.dialled:
        (conversation,) = pbx.listening.conversations.conversations()
        assert leg_named(name.removeprefix("beside-")) == (conversation.token, speaker)


def test_the_agent_is_heard_only_where_the_site_wants_it() -> None:
    pbx = PhoneSystem(hear_agent=False)
    pbx.listening.connected(talk(1))
    assert [speaker for *_, speaker in pbx.dialled] == [Speaker.CALLER]


def test_the_same_two_are_taken_once() -> None:
    pbx = PhoneSystem()
    for _ in range(2):
        pbx.listening.connected(talk(1))
    assert len(pbx.begun_with) == 1
    assert len(pbx.dialled) == 2


def test_whoever_is_too_many_is_counted_and_the_log_names_the_setting(caplog: pytest.LogCaptureFixture) -> None:
    pbx = PhoneSystem(most=1)
    pbx.listening.connected(talk(1))
    pbx.listening.connected(talk(2, agent="agent2"))
    assert (pbx.listening.unheard, len(pbx.begun_with), len(pbx.dialled)) == (1, 1, 2)
    assert "agent2 has a call that is not listened to: pbx.max_calls is reached" in caplog.text


def test_a_caller_s_leg_that_is_not_dialled_leaves_the_call_deaf_and_an_agent_s_does_not() -> None:
    pbx = PhoneSystem()
    pbx.listening.connected(talk(1))
    pbx.refusals[Speaker.AGENT]("busy")
    assert (pbx.listening.failed, pbx.deaf_for) == (1, [])
    pbx.refusals[Speaker.CALLER]("busy")
    assert (pbx.listening.failed, pbx.deaf_for) == (2, ["busy"])
