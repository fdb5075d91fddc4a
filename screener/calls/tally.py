"""Counts what calls came to, for those who watch the service."""

from collections import Counter
from collections.abc import Iterator

from screener.core.actions import Action, Decided, PauseOffered, Treated, Warned
from screener.core.evidence import Decision
from screener.events import CallEnded, CallOffered, Event
from screener.operations.metrics import Sample


class Tally:
    """An observer; runs on the calls thread. What it counts may be read by any thread."""

    def __init__(self) -> None:
        self._last: dict[str, Decision] = {}
        self._verdicts: Counter[tuple[str, str, str]] = Counter()
        self._treatments: Counter[tuple[str, str]] = Counter()
        self._warnings: Counter[tuple[str, str, str]] = Counter()
        self._pauses = 0

    def observe(self, call_id: str, offer: CallOffered, item: Event | Action, _at: float) -> None:
        """See one event or action of a call."""
        match item:
            case Decided(decision):
                self._last[call_id] = decision
            case Treated(treatment=treatment, done=False):
                self._treatments[treatment.value, "yes" if item.by_hand else "no"] += 1
            case Warned():
                self._warnings[item.kind.value, str(item.level), item.step.value] += 1
            case PauseOffered():
                self._pauses += 1
            case CallEnded():
                last = self._last.pop(call_id, None)
                verdict = last.verdict.value if last else "none"
                kind = last.kind.value if last and last.kind else "none"
                self._verdicts[verdict, kind, offer.entrance.value] += 1
            case _:
                pass

    def samples(self) -> Iterator[Sample]:
        """Counters by verdict and kind, and by treatment."""
        for (verdict, kind, entrance), number in sorted(self._verdicts.items()):
            labels = {"verdict": verdict, "kind": kind, "entrance": entrance}
            yield Sample("calls_judged_total", number, "Calls that ended, by verdict, kind and way in.", labels)
        for (treatment, by_hand), number in sorted(self._treatments.items()):
            labels = {"treatment": treatment, "by_hand": by_hand}
            yield Sample("treatments_total", number, "Treatments that began.", labels)
        for (about, level, step), number in sorted(self._warnings.items()):
            labels = {"about": about, "level": level, "step": step}
            yield Sample("warnings_total", number, "Steps of warnings; level 0 is the end of a call.", labels)
        yield Sample("pauses_offered_total", self._pauses, "Calls after which the agent was offered a pause.")
