"""Evidence made by hand, and what the shipped weights say of it."""

from screener.core import policy
from screener.core.dialogue_acts import Act
from screener.core.evidence import Evidence, Kind, Source, Standing, Verdict
from screener.core.judgement import Weights
from screener.core.scoring import assess

W = Weights()
OVER = W.threshold - W.prior
"""As much as a flag takes."""


def found(weight: float, source: Source = Source.WORDS, kind: Kind | None = Kind.LEWD, rule: str = "") -> Evidence:
    return Evidence(rule or f"{source}.{weight}.{kind}", source, kind, weight, 0.0)


def act(does: Act, weight: float, kind: Kind = Kind.LEWD) -> Evidence:
    return Evidence(f"act.{does}", Source.ACTS, kind, weight, 0.0)


def verdict(*evidence: Evidence, standing: Standing | None = Standing.GENUINE, weights: Weights = W) -> Verdict:
    return policy.verdict(assess(evidence, 10.0, weights, standing), weights)
