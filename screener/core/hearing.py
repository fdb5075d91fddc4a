"""What is known of one call so far: the evidence of everything heard, from caller and agent.

Listed words count as soon as they are heard; a partial transcript's words stand until the next one of the same
utterance takes its place, and what a recogniser takes back is taken back here too. What an utterance *does* is
understood when it is over, or when its speaker falls silent; of an utterance that goes on after that it is
understood anew. That costs more than all the rest: the same words after the same call are understood once.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from screener.core import signals
from screener.core.actions import Prompt
from screener.core.dialogue_acts import Act, Memory, Understood
from screener.core.evidence import Assessment, Evidence, Source, Standing
from screener.core.judgement import Judgement
from screener.core.scoring import assess
from screener.events import CallOffered, Cue, CueKind, Speaker, Transcript

SAME_RULE_LIMIT = 6
"""Finds of one rule of listed words or sounds that are kept, so that a call of hours stays small."""
SOUND_LIMIT = 3
"""Finds of one sound that count."""
OPEN_LIMIT = 8
"""Utterances that may be open at once; a recogniser that never closes any loses the oldest."""
ACT_LIMIT = 400
"""Acts that are kept one by one; what older ones weigh is kept as one sum."""

FEW_UTTERANCES = 10
"""Fewer of the caller say nothing of whether there is a matter."""

OWN_MATTERS = signals.MATTER_RULES - {signals.rule_of(Act.ANSWER)}
"""Rules of acts that say of themselves that there is a matter; an answer may be one to anything."""

SAID = frozenset({Prompt.GREETING, Prompt.STEER})
"""Prompts that are an agent's turns; a caller who is silent does nothing."""

UtteranceKey = tuple[Speaker, int]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was understood of some words, and after what."""

    before: Memory
    syllables: tuple[str, ...]
    after: Memory
    understood: Understood


@dataclass(frozen=True, slots=True)
class _Open:
    """An utterance that goes on: what its words say and, once its speaker fell silent, what it does.

    Attributes:
        silent: its speaker has said nothing since.
        whole: words that a safe phrase might yet have covered count too.
        only: its rule where it wants nothing; see `signals.bare`.
    """

    transcript: Transcript
    silent: bool = False
    words: tuple[Evidence, ...] = ()
    whole: bool = False
    only: str = ""
    act: Evidence | None = None
    turn: _Turn | None = None

    @property
    def is_understood(self) -> bool:
        """Whether what it does is known of all its words."""
        return self.act is not None and self.turn is not None and self.turn.syllables == self.transcript.syllables


class Hearing:
    """Collects the evidence of one call.

    Args:
        judgement: lexicon, acts, weights and calendar.
    """

    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement
        self._closed: list[Evidence] = []
        self._open: dict[UtteranceKey, _Open] = {}
        self._done: dict[Speaker, int] = {}
        self._counts: Counter[str] = Counter()
        self._memory = judgement.acts.begin()
        self._leaning = judgement.acts.leaning
        self._standing: Standing | None = None
        """How the call stands after what is closed; what is open comes on top."""
        self._caller_spoke = False
        self._acts: Counter[Act] = Counter()
        self._matters = 0
        """Utterances of the caller that tell of a matter; what only opens the call is none."""
        self._weighed: Assessment | None = None
        """As it was weighed last."""
        self.unanswered = 0
        """Times an agent has spoken without the caller ever having said a word."""

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

    def played(self, prompt: Prompt, at: float) -> Iterator[Evidence]:
        """Take what the product itself says: in path it is the agent, but for what it says into a silence."""
        text, syllables = self._judgement.prompts.get(prompt, ("", ()))
        if prompt in SAID and syllables:
            yield from self._forget_acts()
            yield from self._do(Transcript(Speaker.AGENT, -1, text, syllables, at, at, final=True))

    def heard(self, transcript: Transcript) -> Iterator[Evidence]:
        """Take words; gives what is new, for the log."""
        key = (transcript.speaker, transcript.utterance)
        if not transcript.syllables or (
            transcript.utterance <= self._done.get(transcript.speaker, -1) and key not in self._open
        ):
            return  # nothing, or a partial that comes after its final
        if transcript.speaker is Speaker.CALLER:
            self._caller_spoke = self._caller_spoke or len(transcript.syllables) > 1
        elif transcript.final:
            self.unanswered += not self._caller_spoke
        before = self._open.get(key)
        if before and not transcript.final and transcript.syllables == before.transcript.syllables:
            self._open[key] = replace(before, transcript=transcript, silent=True)
            return
        yield from self._hear_words(key, transcript)
        if transcript.final:
            yield from self._close(key)
        elif len(self._open) > OPEN_LIMIT:
            yield from self._close(next(iter(self._open)))

    def settle(self) -> Iterator[Evidence]:
        """Take that the caller's turn may end here: what was said so far counts, held back words and the act.

        An agent who speaks meanwhile is heard out.
        """
        said = {
            key: known
            for key, known in self._open.items()
            if known.silent or known.transcript.speaker is Speaker.CALLER
        }
        for key, known in said.items():
            if not known.whole:
                yield from self._hear_words(key, known.transcript, over=True)
        said = {key: self._open[key] for key, known in said.items() if len(known.transcript.syllables) > 1}
        if all(known.is_understood for known in said.values()):
            return
        yield from self._forget_acts()
        memory, leaning = self._memory, self._leaning
        for key, known in said.items():
            heard = known.transcript
            turn = self._understand(memory, heard, known.turn)
            times = self._acts[turn.understood.act] + 1
            act = signals.of_act(turn.understood, leaning, times, heard, only=known.only)
            self._open[key] = replace(known, act=act, turn=turn)
            self._standing, memory, leaning = _likeliest(turn.understood), turn.after, turn.understood.leaning
            yield act

    def noted(self, evidence: Evidence) -> Iterator[Evidence]:
        """Take what is known already; it is listed with the rest."""
        yield from self._add(evidence)

    def copied(self) -> "Hearing":
        """Another one that knows the same, and goes on by itself."""
        other = copy.copy(self)
        other._closed, other._open, other._done = [*self._closed], {**self._open}, {**self._done}
        other._counts, other._acts = Counter(self._counts), Counter(self._acts)
        return other

    def instead_of(self, other: "Hearing", at: float) -> Iterator[Evidence]:
        """What is new, and what is taken back, where this one takes the place of another."""
        known, before = self._everything(), other._everything()
        yield from (_withdrawn(e, at) for e in before if e not in known)
        yield from (e for e in known if e not in before)

    def assessment(self, at: float) -> Assessment:
        """Everything known, weighed at `at`; weighed anew only when something has changed."""
        known = self._everything()
        if self._weighed is None or self._weighed.evidence != known or self._weighed.standing != self._standing:
            self._weighed = assess(known, at, self._judgement.weights, self._standing)
        then = self._weighed  # every tick asks, and `replace` would take the most of it
        return Assessment(at, then.score, then.kind, then.evidence, then.vetoes, then.standing)

    @property
    def anything_said(self) -> bool:
        """Whether the caller has said a word."""
        return self._caller_spoke

    @property
    def matter_share(self) -> float:
        """Share of the caller's utterances that are about a matter; 1 while too few are known."""
        total = sum(n for act, n in self._acts.items() if act.speaker is Speaker.CALLER)
        return self._matters / total if total >= FEW_UTTERANCES else 1.0

    def _hear_words(self, key: UtteranceKey, transcript: Transcript, *, over: bool = False) -> Iterator[Evidence]:
        """The listed words of a caller's utterance take the place of those found before."""
        before = self._open.get(key, _Open(transcript))
        known = {e.rule: e for e in before.words}
        found: tuple[Evidence, ...] = ()
        only = ""
        if transcript.speaker is Speaker.CALLER:
            lexicon = self._judgement.lexicon
            matches = lexicon.find(transcript.text, transcript.syllables, final=over or transcript.final)
            found = signals.of_words(matches, transcript)
            only = signals.bare(matches, len(transcript.syllables))
        # A find keeps the time at which it was first known.
        kept = tuple(replace(e, at=known[e.rule].at) if e.rule in known else e for e in found)
        self._open[key] = replace(before, transcript=transcript, silent=over, words=kept, whole=over, only=only)
        rules = {e.rule for e in kept}
        yield from (_withdrawn(e, transcript.at) for e in before.words if e.rule not in rules)
        yield from (e for e in kept if e.rule not in known)

    def _close(self, key: UtteranceKey) -> Iterator[Evidence]:
        known = self._open.pop(key)
        self._done[key[0]] = max(key[1], self._done.get(key[0], -1))
        for evidence in known.words:
            self._keep(evidence)
        yield from self._forget_acts()
        yield from self._do(known.transcript, known.act, known.turn, only=known.only)

    def _do(
        self,
        said: Transcript,
        before: Evidence | None = None,
        turn: _Turn | None = None,
        *,
        only: str = "",
    ) -> Iterator[Evidence]:
        """An utterance that is over does what it does; `before` and `turn` are what it seemed to do before."""
        turn = self._understand(self._memory, said, turn)
        self._memory, understood = turn.after, turn.understood
        times = self._acts[understood.act] + 1
        act = signals.of_act(understood, self._leaning, times, said, only=only)
        if before and (before.rule, before.weight) == (act.rule, act.weight):
            act = before
        else:
            yield from (_withdrawn(e, act.at) for e in (before,) if e)
            yield act
        self._leaning, self._standing = understood.leaning, _likeliest(understood)
        self._acts[understood.act] += 1
        self._matters += act.rule in OWN_MATTERS
        self._closed.append(act)
        if sum(self._acts.values()) > ACT_LIMIT:
            self._shorten()

    def _understand(self, memory: Memory, said: Transcript, known: _Turn | None) -> _Turn:
        if known and known.before is memory and known.syllables == said.syllables:
            return known
        return _Turn(memory, said.syllables, *self._judgement.acts.hear(memory, said.speaker, said.syllables))

    def _forget_acts(self) -> Iterator[Evidence]:
        """What open utterances seemed to do is to be understood anew."""
        for key, known in list(self._open.items()):
            if known.act:
                self._open[key] = replace(known, act=None)
                yield _withdrawn(known.act, known.transcript.at)

    def _shorten(self) -> None:
        """The oldest act goes; the next one of the same speaker takes over what it weighed."""
        acts = [i for i, e in enumerate(self._closed) if e.source is Source.ACTS]
        whose = signals.AGENT_ACT
        first = self._closed[acts[0]]
        for i in acts[1:]:
            heir = self._closed[i]
            if heir.rule.startswith(whose) == first.rule.startswith(whose):
                self._closed[i] = replace(heir, weight=heir.weight + first.weight)
                break
        del self._closed[acts[0]]

    def _everything(self) -> tuple[Evidence, ...]:
        known = [*self._closed]
        for utterance in self._open.values():
            known += utterance.words
            known += (utterance.act,) if utterance.act else ()
        return tuple(known)

    def _add(self, evidence: Evidence) -> Iterator[Evidence]:
        self._keep(evidence)
        yield evidence

    def _keep(self, evidence: Evidence) -> None:
        self._counts[evidence.rule] += 1
        if self._counts[evidence.rule] > SAME_RULE_LIMIT:
            oldest = next(i for i, e in enumerate(self._closed) if e.rule == evidence.rule)
            del self._closed[oldest]
        self._closed.append(evidence)


def _withdrawn(evidence: Evidence, at: float) -> Evidence:
    return replace(evidence, rule=signals.withdrawn(evidence.rule), weight=-evidence.weight, at=at)


def _likeliest(understood: Understood) -> Standing:
    return max(understood.outlook, key=lambda standing: understood.outlook[standing])
