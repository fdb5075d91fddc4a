"""A caller whom an agent sent into the analysis queue: that is a confirmation, and wanted also in a dry run."""

from collections.abc import Iterator

from screener.core import policy
from screener.core.actions import Action
from screener.core.evidence import Reason, Treatment
from screener.core.in_path import InPath


class ByHand(InPath):
    """Treated at once; should the service stop just then, the caller goes to the agents like everybody."""

    def _begin(self) -> Iterator[Action]:
        reason = Reason.BY_AGENT.of(self._offer.referred_by)
        assessment = self._hearing.assessment(self._at)
        queue = Treatment.ANALYSIS_QUEUE
        yield from self._decide(policy.by_person(queue, assessment, self._weights, self._flow, reason))
        yield from self._treat(Treatment.ANALYSIS_QUEUE)
