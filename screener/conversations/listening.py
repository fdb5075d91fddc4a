"""Two begin to talk whom somebody wants to hear: the listener is told, and each voice's leg is dialled."""

import logging
from collections.abc import Callable

from screener.conversations.leg_names import leg_name
from screener.conversations.ongoing import Conversation, ConversationListener, Conversations
from screener.conversations.parties import Connected
from screener.events import Speaker

log = logging.getLogger(__name__)

Dial = Callable[[str, str, Speaker, Callable[[str], None]], None]
"""Has the phone system dial a listening leg: takes the channel of a voice, the user part to dial, whose voice it
is, and who takes why there will be none."""


class Listening:
    """Begins to listen; on the phone system's thread. Its counts may be read by any.

    Args:
        conversations: knows who is wanted.
        listener: who is told.
        extension: beginning of the user parts that listening legs are dialled with.
        limit: the setting that bounds how many are listened to, as the log names it.
        hear_agent: the agent's voice is wanted too.
        dial: dials a leg.
    """

    def __init__(
        self,
        conversations: Conversations,
        listener: ConversationListener,
        extension: str,
        limit: str,
        *,
        hear_agent: bool,
        dial: Dial,
    ) -> None:
        self._conversations, self._listener = conversations, listener
        self._extension, self._limit, self._hear_agent = extension, limit, hear_agent
        self._dial = dial
        self.unheard = 0
        """Conversations beyond the limit."""
        self.failed = 0
        """Listening legs that were asked for in vain."""

    def connected(self, who: Connected) -> None:
        """Take that two talk."""
        conversation = self._conversations.connected(who)
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
