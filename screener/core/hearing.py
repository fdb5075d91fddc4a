"""What is known of one call so far: the evidence of everything heard, and who was steered how often.

A partial transcript's evidence stands until the next one of the same utterance takes its place; what a recogniser
takes back is taken back here too, and said so in the log.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from screener.core import signals
from screener.core.evidence import Assessment, Evidence
from screener.core.judgement import Judgement
from screener.core.lexicon import Role
from screener.core.scoring import MATTER, assess, matter
from screener.events import CallOffered, Cue, CueKind, Speaker, Transcript

SAME_RULE_LIMIT = 6
"""Finds of one rule that are kept; older ones give way, so that a call of hours stays small."""
SOUND_LIMIT = 3
"""Finds of one sound that count."""
OPEN_LIMIT = 8
"""Utterances that may be open at once; a recogniser that never closes any loses the oldest."""
SHORT = 4
"""Utterances of fewer syllables (嗯, 对, 好的) say nothing about whether the talk has a matter."""

Key = tuple[Speaker, int]


class Hearing:
    """Collects the evidence of one call.

    Args:
        judgement: lexicon, weights and calendar.
        steer_limit: steering attempts after which talk without business is evidence.
    """

    def __init__(self, judgement: Judgement, steer_limit: int) -> None:
        self._judgement = judgement
        self._steer_limit = max(1, steer_limit)
        self._closed: list[Evidence] = []
        self._open: dict[Key, tuple[Transcript, tuple[Evidence, ...]]] = {}
        self._done: dict[Speaker, int] = {}
        self._counts: Counter[str] = Counter()
        self._caller_spoke = False
        self.unanswered = 0
        """Times an agent has spoken without the caller ever having said a word."""
        self.steered = 0
        """Times the caller was steered back, by the product or by an agent."""
        self._steered_at = 0.0

    def offered(self, offer: CallOffered) -> Iterator[Evidence]:
        """Take who calls and when."""
        for evidence in signals.of_offer(offer, self._judgement.weights, self._judgement.calendar):
            yield from self._add(evidence)

    def noticed(self, cue: Cue) -> Iterator[Evidence]:
        """Take a sound."""
        if cue.speaker is not Speaker.CALLER or cue.kind in (CueKind.SPEECH_START, CueKind.SPEECH_END):
            return
        evidence = signals.of_cue(cue, self._judgement.weights)
        if evidence and self._counts[evidence.rule] < SOUND_LIMIT:
            yield from self._add(evidence)

    def silent(self, at: float, asked: int) -> Iterator[Evidence]:
        """Take that nobody answers."""
        yield from self._add(signals.of_silence(at, asked, self._judgement.weights))

    def steer(self, at: float) -> None:
        """Take that the caller is steered back."""
        self.steered += 1
        self._steered_at = at

    def heard(self, transcript: Transcript) -> Iterator[Evidence]:
        """Take words; gives what is new, for the log."""
        key = (transcript.speaker, transcript.utterance)
        if transcript.utterance <= self._done.get(transcript.speaker, -1) and key not in self._open:
            return  # a partial that comes after its final
        if transcript.speaker is Speaker.AGENT:
            self._agent_said(transcript)
            return
        self._caller_spoke = self._caller_spoke or len(transcript.syllables) > 1
        yield from self._replace(key, transcript)
        if transcript.final:
            yield from self._close(key)
        elif len(self._open) > OPEN_LIMIT:
            yield from self._close(next(iter(self._open)))

    def settle(self) -> Iterator[Evidence]:
        """Take a pause: what was held back, because it might have become a harmless phrase, now counts."""
        for key, (transcript, _) in list(self._open.items()):
            yield from self._replace(key, replace(transcript, final=True))

    def assessment(self, at: float) -> Assessment:
        """Everything known, weighed at `at`."""
        return assess(self._everything(), at, self._judgement.weights)

    @property
    def anything_said(self) -> bool:
        """Whether the caller has said a word."""
        return self._caller_spoke

    def _replace(self, key: Key, transcript: Transcript) -> Iterator[Evidence]:
        before = {e.rule: e for e in self._open[key][1]} if key in self._open else {}
        matches = self._judgement.lexicon.find(transcript.text, transcript.syllables, final=transcript.final)
        found = signals.of_words(matches, transcript, self._judgement.weights)
        # The model looks at whole sentences, and costs more: it waits for a pause.
        learned = self._judgement.learned if transcript.final else None
        if learned and (like := learned.hear(transcript.syllables)):
            found += signals.of_likeness(like, matches, transcript, self._judgement.weights)
        now = {e.rule: e for e in found}
        # A find keeps the time at which it was first known.
        kept = tuple(replace(e, at=before[rule].at) if rule in before else e for rule, e in now.items())
        self._open[key] = (transcript, kept)
        for rule, evidence in before.items():
            if rule not in now:
                yield replace(
                    evidence,
                    rule=f"{rule}{signals.WITHDRAWN}",
                    weight=-evidence.weight,
                    at=transcript.at,
                )
        yield from (e for e in kept if e.rule not in before)

    def _close(self, key: Key) -> Iterator[Evidence]:
        transcript, found = self._open.pop(key)
        self._done[key[0]] = max(key[1], self._done.get(key[0], -1))
        for evidence in found:
            self._keep(evidence)
        if len(transcript.syllables) >= SHORT and self._is_adrift(found):
            yield from self._add(
                signals.of_drift(transcript.at, self.steered, transcript.text, self._judgement.weights)
            )

    def _is_adrift(self, found: Sequence[Evidence]) -> bool:
        """Whether talk goes on without a matter although the caller was steered back often enough.

        A request that was stated at any time counts; words that only might be business (门票, 昨天) count in this
        utterance and since the caller was last steered back.
        """
        known = self._everything()
        since = [e for e in known if e.at > self._steered_at]
        weights = self._judgement.weights
        return (
            self.steered >= self._steer_limit
            and matter(found) == 0
            and matter(since) < weights.clear
            and not any(e.source in MATTER and -e.weight >= weights.request for e in known)
        )

    def _agent_said(self, transcript: Transcript) -> None:
        """An agent's words are no evidence about the caller, but steering back is noted."""
        if not transcript.final:
            return
        self._done[Speaker.AGENT] = transcript.utterance
        self.unanswered += not self._caller_spoke
        matches = self._judgement.lexicon.find(transcript.text, transcript.syllables)
        if self._caller_spoke and any(m.phrase.role is Role.STEER for m in matches):
            self.steer(transcript.at)

    def _everything(self) -> list[Evidence]:
        return [*self._closed, *(e for _, found in self._open.values() for e in found)]

    def _add(self, evidence: Evidence) -> Iterator[Evidence]:
        self._keep(evidence)
        yield evidence

    def _keep(self, evidence: Evidence) -> None:
        self._counts[evidence.rule] += 1
        if self._counts[evidence.rule] > SAME_RULE_LIMIT:
            oldest = next(i for i, e in enumerate(self._closed) if e.rule == evidence.rule)
            del self._closed[oldest]
        self._closed.append(evidence)
