"""The settings of a call's course: timings, treatments, and what the site allows."""

from dataclasses import dataclass, field

from screener.core.evidence import Kind, Treatment
from screener.core.warnings import Warnings


@dataclass(frozen=True, slots=True)
class Flow:
    """How a screened call runs. Seconds are audio time.

    Attributes:
        dry_run: decide and log, treat nobody; every caller goes to the agents.
        listen_seconds: from answer; then an undecided caller goes to the agents.
        settle_seconds: after a clear request, wait this long for the sentence to turn before transferring.
        silence_seconds: silence before the still-there prompt, twice, and before hanging up after the closing.
        silence_prompts: how often a silent caller is asked before the closing sentence.
        steer_seconds: talk without any business matter before the caller is steered back.
        steer_prompts: how often; each is a turn of the agent's, and talk that goes on after it counts by its acts.
        treatment: what is done with harassment when `treatment_of` names nothing for its kind.
        queue_on_pbx: the analysis queue lives on the PBX: transfer there instead of playing it here.
        tone_seconds: length of the signal tone in the analysis queue.
        stay_seconds: how long the queue waits for the caller to hang up after its last sentence.
        repeat_offenders: callers with this many confirmed flags go straight to the queue; 0 is never.
        record_notice: play the recording notice first.
        pause_seconds: a pause from the queues that an agent is offered after an abusive call; 0 is never.
        second_seconds: a flag waits so long for a second reading, then the first stands; 0 reads nothing again.
        warnings: before a call may be ended.
    """

    dry_run: bool = False
    listen_seconds: float = 30.0
    settle_seconds: float = 0.6
    silence_seconds: float = 5.0
    silence_prompts: int = 2
    steer_seconds: float = 8.0
    steer_prompts: int = 2
    treatment: Treatment = Treatment.ANALYSIS_QUEUE
    treatment_of: dict[Kind, Treatment] = field(default_factory=lambda: {Kind.SILENT: Treatment.TERMINATE})
    queue_on_pbx: bool = False
    tone_seconds: float = 8.0
    stay_seconds: float = 10.0
    repeat_offenders: int = 0
    record_notice: bool = False
    pause_seconds: float = 0.0
    second_seconds: float = 0.0
    warnings: Warnings = field(default_factory=Warnings)
