"""Evidence to assessment: log-odds, with a cap on what only supports and a limit on what protects."""

from collections import Counter
from collections.abc import Iterable, Sequence

from screener.core.evidence import Assessment, Evidence, Kind, Source, Veto
from screener.core.judgement import Weights
from screener.core.signals import EMERGENCY

SUPPORTING = frozenset({Source.CALLER, Source.TIME, Source.HISTORY, Source.SOUND})
"""Sources that never flag a call alone."""
MATTER = frozenset({Source.BUSINESS, Source.GRIEVANCE})


def assess(evidence: Sequence[Evidence], at: float, weights: Weights) -> Assessment:
    """Weigh everything that is known at `at` (audio time, seconds)."""
    carried = {kind: carries(evidence, kind, weights) for kind in Kind}
    leading = max(carried, key=lambda kind: carried[kind])
    strongest = carried[leading]
    others = sum(carried.values()) - strongest
    score = (
        weights.prior
        + strongest
        + weights.other_kinds * others
        + support(evidence, weights)
        - protection(evidence, weights)
    )
    kind = leading if strongest > 0 else None
    return Assessment(at, score, kind, tuple(evidence), _vetoes(evidence, weights))


def carries(evidence: Sequence[Evidence], kind: Kind, weights: Weights) -> float:
    """What words and behaviour weigh for a kind: a rule found again weighs less, and all fades as talk goes on."""
    now = newest(evidence)
    seen: Counter[str] = Counter()
    total = 0.0
    for e in evidence:
        if e.kind is kind and e.source not in SUPPORTING:
            total += e.weight * weights.repeat ** seen[e.rule] * _faded(now - e.at, weights.half_life)
            seen[e.rule] += 1
    return total


def support(evidence: Iterable[Evidence], weights: Weights) -> float:
    """What caller, hour, history and sound add or take together."""
    total = sum(e.weight for e in evidence if e.source in SUPPORTING)
    return max(-weights.support, min(weights.support, total))


def protection(evidence: Sequence[Evidence], weights: Weights) -> float:
    """What business, grievance and need of care take off the score; it fades as talk goes on."""
    now = newest(evidence)
    last = {e.rule: e for e in evidence if e.source in MATTER or e.source is Source.VULNERABLE}
    total = sum(-e.weight * _faded(now - e.at, weights.matter_half_life) for e in last.values())
    return min(weights.protection, total)


def matter(evidence: Iterable[Evidence], *sources: Source) -> float:
    """What speaks for a genuine matter, each rule once, unfaded; of business and grievance unless told."""
    wanted = sources or MATTER
    return sum({e.rule: -e.weight for e in evidence if e.source in wanted}.values())


def newest(evidence: Iterable[Evidence]) -> float:
    """Time of the newest evidence: silence fades nothing, so no call is flagged while nothing is said."""
    return max((e.at for e in evidence), default=0.0)


def _faded(age: float, half_life: float) -> float:
    return float(0.5 ** (age / half_life))


def _vetoes(evidence: Sequence[Evidence], weights: Weights) -> tuple[Veto, ...]:
    """Names of what protects the call now, strongest first."""
    vetoes: list[Veto] = []
    if any(e.rule.startswith(EMERGENCY) for e in evidence):
        vetoes.append(Veto.EMERGENCY)
    if matter(evidence, Source.GRIEVANCE) >= weights.veto:
        vetoes.append(Veto.GRIEVANCE)
    if any(e.source is Source.VULNERABLE and not e.rule.startswith(EMERGENCY) for e in evidence):
        vetoes.append(Veto.VULNERABLE)
    if matter(evidence) >= weights.matter:
        vetoes.append(Veto.MATTER)
    return tuple(vetoes)
