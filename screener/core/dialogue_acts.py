"""What is done with an utterance: the acts of caller and agent, and what hears them.

An *act* is the main thing that a turn of a conversation does there (Austin, 1962; the tag sets of dialogue-act
corpora such as Switchboard DAMSL): asks, answers, complains, insults the agent, steers back. The core knows the
names; what hears them in syllables is learned (`screener.acts`) and comes in as an `Understanding`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from screener.core.evidence import Kind, Standing
from screener.events import Speaker


class Act(StrEnum):
    """What a turn does; the part before the dot says whose."""

    BUSINESS = "caller.business"
    """Names or furthers a matter."""
    ANSWER = "caller.answer"
    GRIEVANCE = "caller.grievance"
    SMALLTALK = "caller.smalltalk"
    """Neutral talk off the matter."""
    PERSONAL = "caller.personal"
    """Asks or says something personal to the agent."""
    LEWD = "caller.lewd"
    INSULT_AGENT = "caller.insult_agent"
    INSULT_OTHER = "caller.insult_other"
    """At the firm, the courier, the situation."""
    THREAT = "caller.threat"
    ABSURD = "caller.absurd"
    """Nonsense, an impossible order, a game, a song, mimicry, moans."""
    ASIDE = "caller.aside"
    """To people beside the caller."""
    DISTRESS = "caller.distress"
    REFUSAL = "caller.refusal"
    """Will not say a matter."""
    CLOSING = "caller.closing"
    BACKCHANNEL = "caller.backchannel"
    OTHER = "caller.other"
    GREET = "agent.greet"
    ASK = "agent.ask"
    INFORM = "agent.inform"
    STEER = "agent.steer"
    """Back to the matter, because the caller is off it."""
    REFUSE = "agent.refuse"
    """An improper or impossible request."""
    REBUKE = "agent.rebuke"
    WARN = "agent.warn"
    """Of a recording, the police, hanging up."""
    END = "agent.end"
    SYMPATHY = "agent.sympathy"
    AGENT_OTHER = "agent.other"

    @property
    def speaker(self) -> Speaker:
        """Whose act it is."""
        return Speaker(self.value.partition(".")[0])


MATTERS = frozenset({Act.BUSINESS, Act.ANSWER, Act.GRIEVANCE, Act.DISTRESS})
"""Acts of a caller who has something to be done."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What an utterance does, and how the call stands after it.

    Attributes:
        act: the likeliest, `probability` 0..1 its share.
        leaning: log-odds (nats) that the call is harassment, of all that was said so far.
        kind: of harassment, the likeliest.
        outlook: probabilities of what the call is if it is no harassment; they sum to 1.
    """

    act: Act
    probability: float
    leaning: float
    kind: Kind
    outlook: Mapping[Standing, float]


Memory = object
"""What an understanding keeps of a call; never changed, so one utterance can be heard again."""


class Understanding(Protocol):
    """Hears acts. Pure: the same call gives the same answers; safe to share between threads."""

    @property
    def version(self) -> str:
        """Names it in the log."""

    @property
    def leaning(self) -> float:
        """Log-odds before anything is said."""

    def begin(self) -> Memory:
        """What is remembered of a call in which nothing was said."""

    def hear(self, memory: Memory, speaker: Speaker, syllables: Sequence[str]) -> tuple[Memory, Understood]:
        """One utterance more.

        Args:
            memory: of everything before.
            speaker: who says it.
            syllables: toneless pinyin; not empty.
        """
