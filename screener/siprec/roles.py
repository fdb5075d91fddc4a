"""Which stream of a recording is the caller and which the agent, how that is known, and who they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from screener.events import Speaker
from screener.siprec.metadata import Metadata, Participant, speakers

OTHER = {Speaker.CALLER: Speaker.AGENT, Speaker.AGENT: Speaker.CALLER}


class Known(StrEnum):
    """By what it is known who speaks, the surest first."""

    LABEL = "label"
    """The site's settings name the stream."""
    AGENTS = "agents"
    """The site's settings name the agents, and the metadata who takes part."""
    CALLING = "calling"
    """The metadata say who made the call, and calls come in."""
    KEPT = "kept"
    """It was known before, and nothing that is said now speaks against it."""
    ORDER = "order"
    """The site's settings say which stream comes first; nothing else is known."""
    MIXED = "mixed"
    """One stream carries both, or may: nobody can tell who says what."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site knows of its recording client.

    Attributes:
        agents: addresses of agents: the user part, or the beginning of it and a `*`.
        caller_label, agent_label: labels that always mean them; empty when they change.
        first: whose stream comes first where nothing else is known.
    """

    agents: tuple[str, ...] = ()
    caller_label: str = ""
    agent_label: str = ""
    first: Speaker = Speaker.CALLER

    def is_agent(self, one: Participant) -> bool:
        """Whether the settings name this participant as an agent."""
        return any(_matches(pattern, one.user) for pattern in self.agents)


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is who.

    Attributes:
        streams: whose voice is taken from the stream at each place; others are not listened to.
        known: by what.
        caller, agent: as the metadata name them; None when they do not.
    """

    known: Known
    streams: Mapping[int, Speaker] = field(default_factory=dict)
    caller: Participant | None = None
    agent: Participant | None = None

    def place(self, speaker: Speaker) -> int | None:
        """Where that voice is; None when it is nowhere."""
        return next((place for place, one in self.streams.items() if one is speaker), None)


def assign(labels: Sequence[str], metadata: Metadata | None, rules: Rules, before: Roles | None = None) -> Roles:
    """Say who is who.

    A stream of several voices is nobody's, whatever its label; so is an only one that may be of both, but for an
    agent's: nobody is moved for what an agent says.

    Args:
        labels: of the audio streams in the order of their `m=` lines; empty for a stream without one.
        metadata: what is known now, None for nothing.
        rules: of the site.
        before: how it was until now.
    """
    people = list(speakers(metadata, tuple(labels))) if metadata else [None] * len(labels)
    named = list(metadata.participants) if metadata else []
    apart = [place for place, label in enumerate(labels) if not (metadata and metadata.shared(label))]
    lone = len(labels) == 1 and not (metadata and metadata.alone(labels[0]))
    for known, said in (
        (Known.LABEL, _by_label(labels, rules)),
        (Known.AGENTS, _by_agents(people, rules)),
        (Known.CALLING, _by_calling(people, metadata)),
    ):
        found = {place: speaker for place, speaker in said.items() if place in apart}
        if found and not (lone and Speaker.CALLER in found.values()):
            return _roles(known, _completed(found, apart), people, named, rules)
    if lone or len(apart) < len(labels):
        first = next(place for place in range(len(labels)) if lone or place not in apart)
        return _roles(Known.MIXED, {first: Speaker.CALLER}, people, named, rules)
    if before is not None and before.known is not Known.MIXED and max(before.streams, default=0) < len(labels):
        return _roles(Known.KEPT, before.streams, people, named, rules)
    return _roles(Known.ORDER, _completed({0: rules.first}, apart), people, named, rules)


def _by_label(labels: Sequence[str], rules: Rules) -> dict[int, Speaker]:
    wanted = {rules.caller_label: Speaker.CALLER, rules.agent_label: Speaker.AGENT}
    found: dict[int, Speaker] = {}
    for place, label in enumerate(labels):
        if label and label in wanted and wanted[label] not in found.values():
            found[place] = wanted[label]
    return found


def _by_agents(people: Sequence[Participant | None], rules: Rules) -> dict[int, Speaker]:
    """The one agent among them; where both are agents, or none is, this says nothing."""
    agents = [place for place, one in enumerate(people) if one and rules.is_agent(one)]
    others = [place for place, one in enumerate(people) if one and not rules.is_agent(one)]
    if len(agents) == 1:
        return {agents[0]: Speaker.AGENT} | ({others[0]: Speaker.CALLER} if others else {})
    return {}


def _by_calling(people: Sequence[Participant | None], metadata: Metadata | None) -> dict[int, Speaker]:
    calling = [place for place, one in enumerate(people) if one and one.calling]
    if not calling and metadata and metadata.calling:
        calling = [place for place, one in enumerate(people) if one and one.user == metadata.calling]
    return {calling[0]: Speaker.CALLER} if len(calling) == 1 else {}


def _completed(found: Mapping[int, Speaker], apart: Sequence[int]) -> dict[int, Speaker]:
    """With the first other stream of one voice as the other's, where only one is known."""
    roles = dict(found)
    if len(roles) == 1:
        (known,) = roles.values()
        rest = [place for place in apart if place not in roles]
        if rest:
            roles[rest[0]] = OTHER[known]
    return roles


def _roles(
    known: Known,
    streams: Mapping[int, Speaker],
    people: Sequence[Participant | None],
    named: Sequence[Participant],
    rules: Rules,
) -> Roles:
    who = {speaker: people[place] for place, speaker in streams.items() if place < len(people)}
    caller, agent = who.get(Speaker.CALLER), who.get(Speaker.AGENT)
    if known is Known.MIXED:  # the voices are one, but the two may be named
        agent = next((one for one in named if rules.is_agent(one)), None)
        rest = [one for one in named if one is not agent]
        calling = [one for one in rest if one.calling]
        caller = calling[0] if calling else rest[0] if agent and rest else None
    return Roles(known, dict(streams), caller, agent)


def _matches(pattern: str, user: str) -> bool:
    if pattern.endswith("*"):
        return bool(user) and user.startswith(pattern[:-1])
    return bool(user) and user == pattern
