"""Counting judged calls."""

from screener.core.evidence import Assessment, Decision, Kind, Treatment, Verdict
from screener.core.lexicon import Phrase, PhraseRole
from screener.evaluation.count import JudgedCall, WordList, table, worst
from screener.evaluation.labelled import LabelledCall
from screener.events import Speaker
from screener.replay.run import RecordedCall, ReplayOutcome, Turn


def judged(
    label: str, verdict: Verdict, kind: Kind | None = None, score: float = 3.0, slice_: str = ""
) -> JudgedCall:
    decision = Decision(verdict, kind, Treatment.NONE, 1.0, 2.0, Assessment(1.0, score, kind, ()))
    return JudgedCall(
        LabelledCall("a set", label, slice_, RecordedCall(label)), ReplayOutcome(label, decision), listed=True
    )


def test_a_row_for_each_label_and_slice() -> None:
    calls = [
        judged("lewd", Verdict.HARASSMENT, Kind.LEWD, slice_="one"),
        judged("lewd", Verdict.UNDECIDED, slice_="two"),
        judged("genuine", Verdict.GENUINE),
    ]
    genuine, lewd = table(calls, slices=False)
    assert (genuine.label, genuine.calls, genuine.flagged) == ("genuine", 1, 0)
    assert (lewd.calls, lewd.flagged, lewd.kinds["lewd"], lewd.listed) == (2, 1, 1, 2)
    assert [row.slice for row in table(calls, slices=True)] == ["", "one", "two"]


def test_the_worst_are_the_surest_of_those_that_should_be_left_alone() -> None:
    calls = [
        judged("lewd", Verdict.HARASSMENT, Kind.LEWD, 9.0),
        judged("toxic-other", Verdict.HARASSMENT, Kind.ABUSE, 8.0),
        judged("genuine", Verdict.HARASSMENT, Kind.ABUSE, 3.0),
        judged("complaint", Verdict.HARASSMENT, Kind.ABUSE, 5.0),
        judged("benign", Verdict.UNDECIDED, None, 7.0),
    ]
    assert [j.labelled.label for j in worst(calls, 10)] == ["complaint", "genuine"]
    assert len(worst(calls, 1)) == 1


def test_a_word_list_looks_at_nothing_but_the_callers_words() -> None:
    words = WordList(
        [
            Phrase("abuse.x.1", PhraseRole.HARASSMENT, Kind.ABUSE, 1.0, "垃圾", (("la", "ji"),)),
            Phrase("chitchat.x.1", PhraseRole.HARASSMENT, Kind.CHITCHAT, 1.0, "电影", (("dian", "ying"),)),
        ]
    )

    def call(*turns: tuple[Speaker, str]) -> RecordedCall:
        return RecordedCall("c", turns=tuple(Turn(speaker, text) for speaker, text in turns))

    assert words.flags(call((Speaker.CALLER, "你们的垃圾袋怎么卖")))
    assert not words.flags(call((Speaker.AGENT, "垃圾"), (Speaker.CALLER, "看电影")))
