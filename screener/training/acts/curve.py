"""The learning curve: what more hands, and more calls by them, lift."""

from collections.abc import Iterator, Sequence

from screener.acts.net import ActsModel, Net
from screener.core.evidence import Verdict
from screener.training.acts.build import GROUPS, heard
from screener.training.acts.corpus import CorpusCall, grouped
from screener.training.acts.fit import ACTS, CALLS, ROWS, fit, lesson
from screener.training.acts.measure import ALLOWED, NEVER, MeasuredCall, MeasuredCell, Table, area, beyond, share
from screener.training.acts.net import exported

STEPS = (0.125, 0.25, 0.5, 1.0)
"""Shares of the hands, and of each hand's calls, that are learned from."""


def curve(calls: Sequence[CorpusCall], seed: int = 1) -> Iterator[Table]:
    """Tables by hands and by calls, each judged on the same group of hands, by one net."""
    unheard = set(grouped(calls, GROUPS)[0])
    known = [call for call in calls if call.hand not in unheard]
    tests = [call for call in calls if call.hand in unheard]
    hands = sorted({call.hand for call in known}, key=lambda hand: hand[::-1])
    by_hands, by_calls = [], []
    for step in STEPS:
        some = set(hands[: round(step * len(hands))])
        by_hands.append(_row([c for c in known if c.hand in some], tests, seed))
        if step < 1:
            by_calls.append(_row(known[:: round(1 / step)], tests, seed))
    heads = ["hands", "calls", "found at 0.5 %", "area"]
    yield f"by hands, judged on {', '.join(sorted(unheard))}", heads, by_hands
    yield "by calls of all hands", heads, [*by_calls, by_hands[-1]]


def _row(learned: Sequence[CorpusCall], tests: Sequence[CorpusCall], seed: int) -> list[MeasuredCell]:
    net = fit([made for call in learned if (made := lesson(call))], seed)
    model = ActsModel("curve", ROWS, ACTS, CALLS, (Net(**exported(net)),), ((),), 1.0, 0.0, 0.0)
    told = [
        MeasuredCall(
            c, Verdict.UNDECIDED, None, max((h.leaning for h in heard(model, c)), default=NEVER), None, ()
        )
        for c in tests
    ]
    found = share(passed for t, passed in beyond(told, ALLOWED[1]) if t.call.is_harassment)
    return [len({c.hand for c in learned}), len(learned), found, round(area(told), 3)]
