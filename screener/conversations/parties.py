"""A caller and an agent who talk, as their phone system knows them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a conversation.

    Attributes:
        channel: its name, which commands of the phone system take.
        uniqueid: its id, which lasts.
    """

    channel: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class Connected:
    """An agent has a caller on the line.

    Attributes:
        linkedid: of the whole call.
        number, name: the caller's, empty when withheld.
        queue: that the caller waited in; empty for a direct call.
        agent_name: who has the call, without what the phone system adds (`agent1` of `PJSIP/agent1`).
    """

    caller: Party
    agent: Party
    linkedid: str
    number: str
    name: str
    queue: str
    agent_name: str
