"""Who talks to whom, and which conversations are listened to: a state machine that knows no socket and no clock.

::

    Connected ──► wanted ──► room? ──► heard ─────┬── a channel hangs up, or released ──► forgotten
                               └─────► unheard ───┘
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from screener.conversations.parties import Connected, Party
from screener.events import EndedBy

EVERY_QUEUE = "*"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A caller and an agent who talk.

    Attributes:
        token: our name for it, which the listening legs are dialled with.
        heard: whether it is listened to; False when there were too many.
    """

    token: str
    who: Connected
    heard: bool


class ConversationListener(Protocol):
    """Who is told of conversations; every method is called on the phone system's thread and must only enqueue."""

    def begun(self, conversation: Conversation) -> None:
        """Two talk; their listening legs are being dialled."""
        ...

    def deaf(self, conversation: Conversation, reason: str) -> None:
        """There will be no leg for the caller's voice."""
        ...

    def over(self, conversation: Conversation, by: EndedBy) -> None:
        """They talk no more."""
        ...


class Conversations:
    """The conversations that the site wants listened to.

    Args:
        queues: whose; `*` is every queue.
        extensions: of agents that are called directly.
        most: conversations that are heard at once.
        token: makes a name that nobody can guess.
    """

    def __init__(
        self, queues: tuple[str, ...], extensions: tuple[str, ...], most: int, token: Callable[[], str]
    ) -> None:
        self._queues, self._extensions = frozenset(queues), frozenset(extensions)
        self._most = most
        self._token = token
        self._by_token: dict[str, Conversation] = {}
        self._by_channel: dict[str, str] = {}
        """Token by uniqueid, of both ends."""

    @property
    def heard(self) -> int:
        """Conversations that are listened to now."""
        return sum(c.heard for c in list(self._by_token.values()))

    def wants(self, who: Connected) -> bool:
        """Whether somebody wants to listen to them, and they are not known yet."""
        known = {who.caller.uniqueid, who.agent.uniqueid} & self._by_channel.keys()
        return self._wanted(who) and not known

    def connected(self, who: Connected) -> Conversation | None:
        """Take that two talk; None when nobody wants to listen, or it is known."""
        if not self.wants(who):
            return None
        conversation = Conversation(self._token(), who, heard=self.heard < self._most)
        self._by_token[conversation.token] = conversation
        for end in (who.caller, who.agent):
            self._by_channel[end.uniqueid] = conversation.token
        return conversation

    def gone(self, uniqueid: str) -> tuple[Conversation, EndedBy] | None:
        """Take that a channel has hung up; gives the conversation that is over with it, and who ended it."""
        conversation = self._by_token.get(self._by_channel.get(uniqueid, ""))
        if conversation is None:
            return None
        self.release(conversation)
        return conversation, EndedBy.CALLER if uniqueid == conversation.who.caller.uniqueid else EndedBy.AGENT

    def release(self, conversation: Conversation) -> bool:
        """It is over, or not listened to any more; False when it was before."""
        if not self._by_token.pop(conversation.token, None):
            return False
        for end in (conversation.who.caller, conversation.who.agent):
            self._by_channel.pop(end.uniqueid, None)
        return True

    def conversations(self) -> tuple[Conversation, ...]:
        """All that is going on."""
        return tuple(self._by_token.values())

    def has(self, uniqueid: str) -> bool:
        """Whether the channel is an end of a conversation now."""
        return uniqueid in self._by_channel

    def channel(self, uniqueid: str) -> str:
        """The name of a channel that is an end of a conversation; empty when it is none."""
        conversation = self._by_token.get(self._by_channel.get(uniqueid, ""))
        ends = (conversation.who.caller, conversation.who.agent) if conversation else ()
        return next((end.channel for end in ends if end.uniqueid == uniqueid), "")

    def meant(self, agent: str, call: str = "") -> Party | None:
        """The caller whom an agent means; None when that is nobody whom this agent has on the line.

        Args:
            agent: who says so.
            call: the id of the whole call, or of either end, or its channel; empty for the one that they have.
        """
        for conversation in self._by_token.values():
            who = conversation.who
            ends = who.caller, who.agent
            names = {who.linkedid, *(end.channel for end in ends), *(end.uniqueid for end in ends)}
            if agent == who.agent_name and (not call or call in names):
                return who.caller
        return None

    def _wanted(self, who: Connected) -> bool:
        if who.queue:
            return EVERY_QUEUE in self._queues or who.queue in self._queues
        return who.agent_name in self._extensions
