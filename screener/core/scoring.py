"""Evidence to assessment: log-odds, with a cap on what only supports.

Acts come as the difference that each utterance made to how the call stands, so their sum is where it stands: every
part is the true reason for its share of the score.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from screener.core.dialogue_acts import Act
from screener.core.evidence import GUESSED, Assessment, Evidence, Kind, Source, Standing, Veto
from screener.core.judgement import Weights
from screener.core.signals import AGENT_ACT, MATTER_RULES, RUDE, rule_of

SUPPORTING = frozenset({Source.CALLER, Source.TIME, Source.HISTORY, Source.SOUND})
"""Sources that never flag a call alone."""
CARRYING = frozenset({Source.WORDS, Source.DIALOGUE})
ELSEWHERE = frozenset(map(rule_of, (Act.INSULT_OTHER, Act.ASIDE)))
"""Rules of acts that are not meant for the agent."""
CURSES = 4
"""Utterances whose curses count; whoever goes on is known by then."""


def assess(
    evidence: Sequence[Evidence], at: float, weights: Weights, standing: Standing | None = None
) -> Assessment:
    """Weigh everything that is known at `at` (audio time, seconds).

    Args:
        evidence: oldest first.
        at: now.
        weights: the site's.
        standing: what the call is if it is no harassment, as far as acts tell.
    """
    words = _by_kind(evidence, weights)
    spoken = max(Kind, key=lambda kind: words[kind])
    score = weights.prior + acts(evidence, weights) + sum(words.values()) + support(evidence, weights)
    kind = _leading(evidence, spoken, words[spoken])
    vetoes = (Veto.EMERGENCY,) if _is_emergency(evidence, score - threshold(kind, weights), weights) else ()
    return Assessment(at, score, kind, tuple(evidence), vetoes, standing)


def threshold(kind: Kind | None, weights: Weights) -> float:
    """The score (log-odds) at which a kind is flagged."""
    return weights.threshold_of.get(kind, weights.threshold) if kind else weights.threshold


def acts(evidence: Iterable[Evidence], weights: Weights) -> float:
    """What all that was said, by both, weighs together."""
    return sum(weighed(e, weights) for e in evidence if e.source is Source.ACTS)


def weighed(evidence: Evidence, weights: Weights) -> float:
    """What an act or a listed word weighs at this site."""
    return evidence.weight * weights.factor.get(evidence.rule, 1.0)


def carries(evidence: Sequence[Evidence], weights: Weights) -> float:
    """What the caller's own words and acts weigh: no agent's word, no hour and no number flags a call alone."""
    own = sum(
        weighed(e, weights) for e in evidence if e.source is Source.ACTS and not e.rule.startswith(AGENT_ACT)
    )
    return own + sum(_by_kind(evidence, weights).values())


def support(evidence: Iterable[Evidence], weights: Weights) -> float:
    """What caller, hour, history and sound add or take together."""
    return _capped(sum(e.weight for e in evidence if e.source in SUPPORTING), weights)


def _capped(total: float, weights: Weights) -> float:
    return max(-weights.support, min(weights.support, total))


def counted(evidence: Sequence[Evidence], weights: Weights) -> list[float]:
    """What each piece counts among the others: with the prior they add up to the score.

    Of what only supports the cap holds in the order in which it came.
    """
    parts = [weighed(e, weights) if e.source is Source.ACTS else 0.0 for e in evidence]
    for n, weight in _words(evidence, weights):
        parts[n] = weight
    total = 0.0
    for n, e in enumerate(evidence):
        if e.source in SUPPORTING:
            parts[n] = _capped(total + e.weight, weights) - _capped(total, weights)
            total += e.weight
    return parts


def _by_kind(evidence: Sequence[Evidence], weights: Weights) -> defaultdict[Kind, float]:
    """What listed words and silence weigh for each kind."""
    total: defaultdict[Kind, float] = defaultdict(float)
    for n, weight in _words(evidence, weights):
        if kind := evidence[n].kind:
            total[kind] += weight
    return total


def _words(evidence: Sequence[Evidence], weights: Weights) -> list[tuple[int, float]]:
    """Listed words and silence that count, by their place, and how much: found again less, a curse more."""
    seen: Counter[str] = Counter()
    total = _curses(evidence, weights)
    for n, e in enumerate(evidence):
        if e.kind and e.kind not in RUDE and e.source in CARRYING:
            total.append((n, weighed(e, weights) * weights.repeat ** seen[e.rule]))
            seen[e.rule] += 1
    return total


def _curses(evidence: Iterable[Evidence], weights: Weights) -> list[tuple[int, float]]:
    """Listed insults and threats that count, likewise: one an utterance, more when an agent has answered it.

    Nothing beside a matter or a call for help: that is a complaint's case, or worse. What somebody who curses may
    be guessed to want is no matter; what is said to others, or of them, is not meant for the agent.
    """
    found: list[tuple[int, float]] = []
    answered = True
    said: list[tuple[int, float]] = []
    for n, e in enumerate(evidence):
        if e.source is Source.EMERGENCY:
            return []
        if e.source is Source.WORDS and e.kind in RUDE and (weight := weighed(e, weights)):
            said.append((n, weight))
        elif e.source is Source.ACTS and e.rule.startswith(AGENT_ACT):
            answered = True
        elif e.source is Source.ACTS:
            if e.rule in MATTER_RULES and not (said and e.detail.endswith(GUESSED)):
                return []
            if said and answered and len(found) < CURSES and e.rule not in ELSEWHERE:
                worst, weight = max(said, key=lambda curse: curse[1])
                found.append((worst, weight * (weights.again if found else 1)))
                answered = False
            said = []
    return found


def _leading(evidence: Sequence[Evidence], spoken: Kind, words: float) -> Kind | None:
    """The kind that listed words name, else the newest act's."""
    return spoken if words > 0 else next((e.kind for e in reversed(evidence) if e.source is Source.ACTS), None)


def _is_emergency(evidence: Iterable[Evidence], above: float, weights: Weights) -> bool:
    """Whether help is called for, and it is believed: not of a caller who is far above a flag's threshold."""
    return above < weights.emergency and any(e.source is Source.EMERGENCY for e in evidence)
