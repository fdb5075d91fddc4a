"""A caller whom an agent sent into the analysis queue: that is a confirmation, and wanted also in a dry run."""

from collections.abc import Iterator
from dataclasses import replace

from screener.core import policy
from screener.core.actions import Action
from screener.core.evidence import Reason, Treatment, Verdict
from screener.core.in_path import InPath


class ByHand(InPath):
    """Treated at once; should the service stop just then, the caller goes to the agents like everybody."""

    def _begin(self) -> Iterator[Action]:
        reason = Reason.BY_AGENT.of(self._offer.referred_by)
        assessment = self._hearing.assessment(self._at)
        settled = policy.given(Verdict.HARASSMENT, assessment, self._weights, self._flow, reason=reason)
        yield from self._decide(replace(settled, treatment=Treatment.ANALYSIS_QUEUE, dry_run=False))
        yield from self._treat(Treatment.ANALYSIS_QUEUE)
