"""The connection to Asterisk's manager interface: all of panoramisk is in here.

It connects, logs in, and comes back by itself; an action is answered within its time or is refused, and is never
sent later, when what it was about may be over.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from screener.errors import PbxError
from screener.pbx.wire import AmiFramer, Fields
from screener.settings.sections import Pbx

log = logging.getLogger(__name__)

ANSWER_SECONDS = 6.0
"""How long an action may take; a listening leg is dialled for four."""
PING_SECONDS = 5.0
"""Time between two pings; a connection that does not answer one is given up and made anew."""
RETRY_SECONDS = 2
IN_FLIGHT = 500
"""Actions that may wait for their answer; further ones are refused."""


class _Everything:
    """The actions that panoramisk is to forget when a connection is lost, instead of sending them on the next."""

    def __contains__(self, action: object) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class AmiResponse:
    """The answer to an action; `parts` are the events of a list."""

    ok: bool
    message: str
    parts: tuple[Fields, ...] = field(default=())


class Ami:
    """A connection that is kept up. Events and answers come on its own thread, `pbx`.

    Args:
        settings: address and account.
        on_event: takes the fields of each event; on the thread `pbx`.
        on_up: takes whether we are logged in now; on the thread `pbx`.
        patience: seconds that an action may take.
    """

    def __init__(
        self,
        settings: Pbx,
        on_event: Callable[[Fields], None],
        on_up: Callable[[bool], None],
        patience: float = ANSWER_SECONDS,
    ) -> None:
        self._place = f"{settings.host}:{settings.port}"
        self._on_event, self._on_up, self._patience = on_event, on_up, patience
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="pbx", daemon=True)
        self._waiting: set[asyncio.Future[Message | list[Message]]] = set()
        self._refused = False
        """The last login was refused, which has been said."""
        self._up = False
        self._stopping = False
        self._manager = Manager(
            loop=self._loop,
            host=settings.host,
            port=settings.port,
            username=settings.username,
            secret=settings.password,
            reconnect_timeout=RETRY_SECONDS,
            protocol_factory=lambda: _Protocol(self._place, self._event),
            # What one connection lost must not be sent on the next: the call may be another by then.
            forgetable_actions=_Everything(),
            ping_delay=1 << 30,  # its own ping does not look at the answer
            log=_Quiet(log, {}),
            on_connect=self._connected,
            on_login=self._logged_in,
            on_disconnect=self._lost,
        )

    @property
    def up(self) -> bool:
        """Whether we are logged in."""
        return self._up

    @property
    def refused(self) -> bool:
        """Whether the last login was refused."""
        return self._refused

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._thread.start()

    def ask(
        self, action: Mapping[str, str], done: Callable[[AmiResponse], None] | None = None, *, or_not: str = ""
    ) -> None:
        """Send an action; any thread.

        Args:
            action: its fields. Line breaks in values, which could smuggle in another action, become spaces.
            done: takes the answer, exactly once, on the thread `pbx`.
            or_not: a refusal that is an answer too, and no fault.
        """
        fields = {name: value.replace("\r", " ").replace("\n", " ") for name, value in action.items()}
        self.call(lambda: self._loop.create_task(self._ask(fields, done, or_not)))

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping = True
        if self._thread.is_alive():
            self.call(self._loop.stop)
            self._thread.join(5)

    def call(self, what: Callable[[], object]) -> None:
        """Do something on the thread `pbx`; nothing once it has stopped. Any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Do something on the thread `pbx` after a while; nothing once it has stopped. Any thread."""
        self.call(lambda: self._loop.call_later(seconds, what))

    # On the thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._manager.connect()
        self._loop.create_task(self._watch())
        self._loop.run_forever()
        self._manager.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _ask(self, fields: Fields, done: Callable[[AmiResponse], None] | None, or_not: str) -> None:
        reply = await self._answer(fields)
        if not reply.ok and not (or_not and or_not in reply.message):
            log.warning("%s: %s refused: %s", self._place, fields.get("Action"), reply.message)
        if done is not None:
            done(reply)

    async def _answer(self, fields: Fields) -> AmiResponse:
        if not self._up:
            return AmiResponse(ok=False, message="not connected")
        if len(self._waiting) >= IN_FLIGHT:
            return AmiResponse(ok=False, message="too many actions wait for their answer")
        future = self._manager.send_action(dict(fields))
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=self._patience)
        finally:
            self._waiting.discard(future)
        if future.cancelled():
            return AmiResponse(ok=False, message="connection lost")
        if not future.done():
            return AmiResponse(ok=False, message=f"no answer within {self._patience:g} s")
        answer = future.result()
        parts = tuple(_fields(part) for part in (answer if isinstance(answer, list) else [answer]))
        refused = next((part for part in parts if part.get("response") in ("Error", "Failure")), None)
        return AmiResponse(refused is None, (refused or parts[0]).get("message", ""), parts[1:])

    async def _watch(self) -> None:
        """Notice a connection that is dead without having been closed."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            try:
                if self._up and not (await self._answer({"Action": "Ping"})).ok and self._up:
                    log.warning("%s: does not answer a ping; connecting anew", self._place)
                    self._manager.protocol.transport.abort()
            except Exception:
                log.exception("%s: a fault of ours; it is asked again", self._place)

    def _event(self, fields: Fields) -> None:
        try:
            self._on_event(fields)
        except Exception:
            log.exception("an event of the PBX could not be taken")

    def _connected(self, manager: Manager) -> None:
        manager.authenticated_future.add_done_callback(self._login_answered)

    def _login_answered(self, answer: "asyncio.Future[Message]") -> None:
        if answer.cancelled() or answer.result().success:
            return
        if not self._refused:
            log.error(
                "%s: login refused; correct username, password and permit in [pbx] and manager.conf", self._place
            )
        self._refused = True

    def _logged_in(self, _manager: Manager) -> None:
        log.info("%s: logged in", self._place)
        self._up, self._refused = True, False
        self._on_up(True)

    def _lost(self, _manager: Manager, _reason: object) -> None:
        if self._up and not self._stopping:
            log.warning("%s: connection lost; trying again every %d s", self._place, RETRY_SECONDS)
        for future in self._waiting:
            future.cancel()
        if self._up:
            self._up = False
            self._on_up(False)


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """panoramisk's own words hold secrets and numbers: its warnings pass for debugging, without detail."""

    def log(self, level: int, msg: object, *_args: object, **_kwargs: object) -> None:
        if level >= logging.WARNING:
            super().log(logging.DEBUG, "panoramisk: %s", str(msg).partition("%")[0])


class _Protocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's, with our own reading of the wire: its own takes a message apart wherever a caller says so."""

    def __init__(self, place: str, on_event: Callable[[Fields], None]) -> None:
        self._place, self._on_event = place, on_event
        self._framer = AmiFramer()

    def data_received(self, data: bytes) -> None:
        try:
            for fields in self._framer.feed(data):
                self.handle_message(Message(dict(fields)))
        except PbxError as problem:
            log.error("%s: %s; connecting anew", self._place, problem)
            self.transport.abort()

    def handle_message(self, message: Message) -> None:
        if message.id in self.responses:  # ids that nobody can guess
            super().handle_message(message)
        elif "event" in message:
            self._on_event(_fields(message))


def _fields(message: Message) -> Fields:
    return {str(name).lower(): str(value) for name, value in message.items() if name != "content"}
