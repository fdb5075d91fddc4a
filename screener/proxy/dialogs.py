"""The calls that Kamailio has, as its dialog module lists them, and what has changed since the last list. Pure.

A dialog is listened to when the proxy's script has marked it: `$dlg_var(screener)` holds the queue. So the script
says which calls are a caller's with an agent, and nothing here guesses.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screener.errors import InputError, SipParseError
from screener.outside.text import visible
from screener.ports import user_of
from screener.sip.address import Uri, plain

MARK = "screener"
"""Dialog variable: the queue of a call that is to be listened to."""
AGENT, NUMBER = "screener_agent", "screener_number"
"""Dialog variables: who has the call and who calls, where Contact and From do not say it."""
TALKING = 4
"""The state of a dialog that is confirmed by its ACK."""
MAX_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class DialogParty:
    """One end of a dialog.

    Attributes:
        tag: of From or To.
        uri: of From or To.
        contact: where the proxy reaches it.
        cseq: of its newest request; 0 where it has sent none.
        routes: proxies beyond ours on the way to it, as a Route header has them; empty for none.
    """

    tag: str
    uri: str
    contact: str
    cseq: int
    routes: str = ""


@dataclass(frozen=True, slots=True)
class ProxyDialog:
    """A caller and an agent who talk.

    Attributes:
        call_id: the Call-ID; bytes that are no UTF-8 stay in it, as in `sip.message`, and in what the parties say.
        queue: whose call it is.
        agent, number: as the proxy's script or the dialog names them; on one line.
    """

    call_id: str
    queue: str
    agent: str
    number: str
    caller: DialogParty
    callee: DialogParty

    @property
    def name(self) -> str:
        """The Call-ID as people and files may have it: text on one line."""
        return plain(self.call_id)

    @property
    def key(self) -> tuple[str, str, str]:
        """Tells it from every other dialog."""
        return self.call_id, self.caller.tag, self.callee.tag


def parse(body: bytes, unread: Callable[[str], object] = lambda _call_id: None) -> tuple[ProxyDialog, ...]:
    """The dialogs of a list that are to be listened to.

    Kamailio writes what the two parties sent as it came, in whatever bytes. A dialog that cannot be read is left
    out; the others have nothing to do with it.

    Args:
        body: what `dlg.list` answers by JSON-RPC; one dialog alone may stand without a list.
        unread: takes the Call-ID of each that is left out, on one line.

    Raises:
        InputError: it is no such list.
    """
    try:
        said = json.loads(body.decode("utf-8", "surrogateescape"), strict=False)
        listed = said["result"]
        rows = [listed] if isinstance(listed, dict) and listed else listed or []
        wanted = [row for row in rows if row["state"] == TALKING and MARK in _variables(row)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise InputError(
            "not a list of dialogs as Kamailio writes it", "look at /calls of kamailio.cfg"
        ) from problem
    found = []
    for row in wanted:
        try:
            found.append(_dialog(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            unread(visible(str(row.get("call-id")))[:100])
    return tuple(found)


def serialize(dialogs: Sequence[ProxyDialog]) -> bytes:
    """A list as Kamailio writes it, as far as it is read here."""
    return json.dumps({"jsonrpc": "2.0", "result": [_row(dialog) for dialog in dialogs], "id": 1}).encode()


class Dialogs:
    """Those that are going on, from one list to the next.

    Args:
        most: that are heard at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._heard: dict[tuple[str, str, str], ProxyDialog] = {}
        self._unheard: set[tuple[str, str, str]] = set()

    def listed(
        self, dialogs: Sequence[ProxyDialog], unheard: Callable[[ProxyDialog], object] = lambda _dialog: None
    ) -> tuple[list[ProxyDialog], list[ProxyDialog]]:
        """Take a list: which dialogs have begun, and which are over. `unheard` takes those beyond the bound."""
        now = {dialog.key: dialog for dialog in dialogs}
        over = [dialog for key, dialog in self._heard.items() if key not in now]
        for dialog in over:
            del self._heard[dialog.key]
        self._unheard &= now.keys()
        begun = []
        for key, dialog in now.items():
            if key in self._heard:
                self._heard[key] = dialog
            elif key not in self._unheard and len(self._heard) < self._most:
                self._heard[key] = dialog
                begun.append(dialog)
            elif key not in self._unheard:
                self._unheard.add(key)
                unheard(dialog)
        return begun, over

    def newest(self, dialog: ProxyDialog) -> ProxyDialog | None:
        """The same as the last list has it; None when it is over."""
        return self._heard.get(dialog.key)


def _variables(row: Mapping[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    for pair in row.get("variables") or ():
        said.update({str(name): str(value) for name, value in pair.items()})
    return said


def _dialog(row: Mapping[str, Any]) -> ProxyDialog:
    said = _variables(row)
    caller, callee = _party(row["caller"], row["from_uri"]), _party(row["callee"], row["to_uri"])
    return ProxyDialog(
        call_id=_named(row["call-id"]),
        queue=plain(said[MARK]),
        agent=plain(said.get(AGENT) or "") or _user(callee.contact) or _user(callee.uri),
        number=plain(said.get(NUMBER) or "") or _user(caller.uri),
        caller=caller,
        callee=callee,
    )


def _party(fields: Mapping[str, Any], uri: object) -> DialogParty:
    routes, cseq = _named(fields.get("route_set") or ""), int(fields["cseq"] or 0)
    return DialogParty(_named(fields["tag"]), _named(uri), _named(fields["contact"]), cseq, routes)


def _user(uri: str) -> str:
    """The user part as a call of our own would have it: without escapes, on one line."""
    try:
        return Uri.parse(uri).number
    except SipParseError:
        return plain(user_of(uri))


def _named(value: object) -> str:
    """What goes back to the proxy, byte for byte.

    Raises:
        ValueError: no bytes are written so.
    """
    text = str(value)
    text.encode("utf-8", "surrogateescape")
    return text


def _row(dialog: ProxyDialog) -> dict[str, object]:
    variables = {MARK: dialog.queue, AGENT: dialog.agent, NUMBER: dialog.number}
    return {
        "call-id": dialog.call_id,
        "from_uri": dialog.caller.uri,
        "to_uri": dialog.callee.uri,
        "state": TALKING,
        "caller": _end(dialog.caller),
        "callee": _end(dialog.callee),
        "variables": [{name: value} for name, value in variables.items()],
    }


def _end(party: DialogParty) -> dict[str, str]:
    return {"tag": party.tag, "contact": party.contact, "cseq": str(party.cseq), "route_set": party.routes}
