"""The product's hand at FreeSWITCH: learns who talks, has legs dialled, moves callers.

Events tell it, and at every login a list: of who talked before we came, or while the connection was away. Of each
pair in it that we do not know FreeSWITCH is asked who they are, one after the other.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from screener.conversations.listening import Listening
from screener.conversations.ongoing import Conversation, ConversationListener
from screener.conversations.parties import Connected
from screener.errors import InputError
from screener.events import EndedBy, Speaker
from screener.freeswitch import listing, messages
from screener.freeswitch.listing import Channel
from screener.freeswitch.messages import Bridged, Left
from screener.freeswitch.socket import EventSocket
from screener.freeswitch.wire import EslEvent
from screener.operations.metrics import Sample
from screener.outside.text import visible
from screener.settings.freeswitch import Freeswitch

log = logging.getLogger(__name__)

MOST_SAID = 80
"""Characters of FreeSWITCH's words in a line of the log."""


class FreeswitchWatch:
    """FreeSWITCH as the service sees it.

    Args:
        settings: the section `[freeswitch]`.
        extension: beginning of the user parts that listening legs are dialled with.
        listener: who is told.
    """

    whispers = False
    """`eavesdrop` could, but nothing here has seen it do so."""

    def __init__(self, settings: Freeswitch, extension: str, listener: ConversationListener) -> None:
        self._settings, self._listener = settings, listener
        self._listening = Listening(settings, "freeswitch", extension, listener, self._dial)
        self._conversations = self._listening.conversations
        self._moving: set[str] = set()
        """Tokens of conversations whose caller is being moved: who is gone meanwhile has been."""
        self._doubtful: tuple[Conversation, ...] = ()
        """What went on when the connection was lost, and may be over since."""
        self._unknown: list[tuple[Channel, Channel]] = []
        """Two that talk, the first of whom FreeSWITCH is still to be asked about; from the end."""
        self._asking = False
        self._left: set[str] = set()
        """Channels that have left whom they talked to while we ask."""
        self._socket = EventSocket(settings, self._event, self._up)
        self._moved = self._stayed = 0

    def start(self) -> None:
        """Connect."""
        self._socket.start()

    def stop(self) -> None:
        """Let go of FreeSWITCH; its calls go on."""
        self._socket.stop()

    @property
    def up(self) -> bool:
        """Whether we are logged in."""
        return self._socket.up

    def samples(self) -> Iterator[Sample]:
        """Figures for operators; any thread."""
        yield Sample("freeswitch_connected", self._socket.up, "Whether the event socket is logged in.")
        yield Sample("eavesdropped_calls", self._conversations.heard, "Calls of agents that are listened to now.")
        yield Sample(
            "eavesdropped_unheard_total", self._listening.unheard, "Calls of agents beyond freeswitch.max_calls."
        )
        text = "Listening legs that FreeSWITCH did not bring about."
        yield Sample("eavesdrop_legs_failed_total", self._listening.failed, text)
        yield Sample("freeswitch_moved_total", self._moved, "Callers moved by uuid_transfer.")
        yield Sample("freeswitch_stayed_total", self._stayed, "Callers whose uuid_transfer was in vain.")

    # From any thread.

    def move(self, conversation: Conversation, extension: str, done: Callable[[bool], None]) -> None:
        """Take the caller away from the agent, to an extension of `context`; the agent's line goes free."""
        token = conversation.token

        def moved(ok: bool, why: str) -> None:
            self._moving.discard(token)
            self._moved += ok
            self._stayed += not ok
            if not ok:
                log.warning("a caller stays with %s: %s", conversation.who.agent_name, _short(why))
            done(ok)
            if not ok and not self._conversations.has(conversation.who.caller.uniqueid):
                self._listener.over(conversation, EndedBy.CALLER)  # gone while we asked

        def begin() -> None:
            self._moving.add(token)

        try:
            command = messages.move(conversation.who.caller.channel, extension, self._settings.context)
        except ValueError as problem:
            moved(False, str(problem))
            return
        self._socket.do(begin)
        self._socket.ask(command, moved)

    def release(self, conversation: Conversation) -> None:
        """It is not listened to any more: there is room for another."""
        self._socket.do(lambda: self._conversations.release(conversation))

    # On the thread `freeswitch`.

    def _up(self, up: bool) -> None:
        """Ask who talks; while the connection is away the legs go on, each until it is hung up."""
        self._unknown, self._left, self._asking = [], set(), up
        if up:
            self._socket.ask(listing.CHANNELS, self._take_up)
        else:
            self._doubtful = self._conversations.conversations()

    def _take_up(self, _ok: bool, said: str) -> None:
        """What goes on now, which we may have missed: end what is over, ask about what is new."""
        if not self._socket.up:
            return  # it is asked at the next login
        try:
            listed = listing.channels(said)
        except InputError as problem:
            log.error("calls that began while FreeSWITCH was away go on unheard: %s", problem.message)
        else:
            self._end_what_is_over({channel.uuid: channel.call for channel in listed})
            pairs = listing.pairs(listed)
            self._unknown = [turned for one, other in pairs for turned in ((other, one), (one, other))]
        self._ask_next()

    def _end_what_is_over(self, calls: Mapping[str, str]) -> None:
        for conversation in self._doubtful:
            caller, agent = conversation.who.caller.uniqueid, conversation.who.agent.uniqueid
            if calls.get(caller, "") != calls.get(agent) and self._conversations.release(conversation):
                missing = EndedBy.AGENT if agent not in calls else EndedBy.TRANSFER
                self._over(conversation, EndedBy.CALLER if caller not in calls else missing)
        self._doubtful = ()

    def _ask_next(self) -> None:
        while self._unknown and self._conversations.has(self._unknown[-1][0].uuid):
            self._unknown.pop()
        if not self._unknown:
            self._asking = False
            self._left.clear()
            return
        one, other = self._unknown.pop()

        def told(_ok: bool, said: str) -> None:
            who = listing.talks(one, other, listing.dumped(said))
            if who is not None and not {one.uuid, other.uuid} & self._left:
                self._connected(who)
            self._ask_next()

        self._socket.ask(listing.dump(one.uuid), told)

    def _event(self, event: EslEvent) -> None:
        match messages.read(event):
            case (Connected() | Bridged()) as who:
                self._connected(who)
            case Left(uuid, hung_up):
                if self._asking:
                    self._left.add(uuid)
                if over := self._conversations.gone(uuid):
                    conversation, by = over
                    self._over(conversation, by if hung_up else EndedBy.TRANSFER)
            case _:
                pass

    def _connected(self, who: Connected | Bridged) -> None:
        if isinstance(who, Connected):
            self._listening.connected(who)
        elif wanted := next((name for name in who.names if name in self._settings.extensions), ""):
            self._listening.connected(replace(who.who, agent_name=wanted))

    def _over(self, conversation: Conversation, by: EndedBy) -> None:
        if conversation.heard and conversation.token not in self._moving:
            self._listener.over(conversation, by)

    def _dial(self, uuid: str, name: str, _speaker: Speaker, deaf: Callable[[str], None]) -> None:
        def dialled(ok: bool, why: str) -> None:
            if not ok:
                deaf(f"FreeSWITCH does not dial a listening leg: {_short(why)}")

        self._socket.ask(messages.listen(uuid, self._settings.dial, name), dialled)


def _short(said: str) -> str:
    return visible(said)[:MOST_SAID]
