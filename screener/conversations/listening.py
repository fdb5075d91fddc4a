"""Two begin to talk whom somebody wants to hear: the listener is told, and each voice's leg is dialled."""

import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from screener.conversations.leg_names import leg_name
from screener.conversations.ongoing import Conversation, ConversationListener, Conversations
from screener.conversations.parties import Connected
from screener.events import Speaker

log = logging.getLogger(__name__)

Dial = Callable[[str, str, Speaker, Callable[[str], None]], None]
"""Has the phone system dial a listening leg: takes the channel of a voice, the user part to dial, whose voice it
is, and who takes why there will be none."""


class WhomToHear(Protocol):
    """What the settings of every phone system say of it, as `[pbx]` does."""

    @property
    def queues(self) -> tuple[str, ...]:
        """Whose calls are listened to."""
        ...

    @property
    def extensions(self) -> tuple[str, ...]:
        """Of agents who are called directly."""
        ...

    @property
    def hear_agent(self) -> bool:
        """Whether the agent's voice is wanted too."""
        ...

    @property
    def max_calls(self) -> int:
        """Calls that are listened to at once."""
        ...


class Listening:
    """Begins to listen; on the phone system's thread. Its counts may be read by any.

    Args:
        settings: a section.
        section: its name, for the log.
        extension: beginning of the user parts that listening legs are dialled with.
        listener: who is told.
        dial: dials a leg.
    """

    def __init__(
        self, settings: WhomToHear, section: str, extension: str, listener: ConversationListener, dial: Dial
    ) -> None:
        self.conversations = Conversations(
            settings.queues, settings.extensions, settings.max_calls, lambda: secrets.token_hex(8)
        )
        self._hear_agent, self._limit = settings.hear_agent, f"{section}.max_calls"
        self._extension, self._listener, self._dial = extension, listener, dial
        self.unheard = 0
        """Conversations beyond the limit."""
        self.failed = 0
        """Listening legs that were asked for in vain."""

    def connected(self, who: Connected) -> None:
        """Take that two talk."""
        conversation = self.conversations.connected(who)
        if conversation is None:
            return
        if not conversation.heard:
            self.unheard += 1
            log.warning("%s has a call that is not listened to: %s is reached", who.agent_name, self._limit)
            return
        self._listener.begun(conversation)
        self._leg(conversation, Speaker.CALLER, who.caller.channel)
        if self._hear_agent:
            self._leg(conversation, Speaker.AGENT, who.agent.channel)

    def _leg(self, conversation: Conversation, speaker: Speaker, channel: str) -> None:
        def deaf(reason: str) -> None:
            self.failed += 1
            if speaker is Speaker.CALLER:
                self._listener.deaf(conversation, reason)

        self._dial(channel, f"{self._extension}-{leg_name(conversation.token, speaker)}", speaker, deaf)
