"""Recording metadata (RFC 7865), read and written: who takes part, and who speaks on which stream.

Senders differ: drafts put `id` where the RFC has `participant_id`, and `send` into the participant; prefixes are
anything; associations are missing. So names count without namespace and case, and what is missing is empty.

The reader is expat with every declaration refused: a document with a DOCTYPE, and so with any entity of its own,
is no metadata. Nothing is expanded and nothing is fetched. Expat passes once over the text, which is as long as a
message at most; depth, elements and lengths of texts are bounded here. Nothing else walks the document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from screener.errors import InputError

MAX_BYTES = 65_535
MAX_DEPTH = 16
MAX_ELEMENTS = 1000
MAX_TEXT = 512
"""Characters of one value that are kept; a longer one is cut."""
MAX_OBJECTS = 64
"""Participants, and streams, of one recording; further ones are passed over."""
NAMESPACE = "urn:ietf:params:xml:ns:recording:1"
_JUNK_AFTER_THE_END = 9
"""Expat's code: what follows the document, which some senders do not end cleanly."""
_YES = frozenset(("true", "1", "yes"))
_MODES = {"mixed": True, "separate": False}


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who takes part.

    Attributes:
        id: within this recording.
        aor: address of record as written, mostly a SIP URI.
        name: as shown; may be empty.
        calling: whether this one made the call; None when that is not said (Acme's extension says it).
    """

    id: str
    aor: str = ""
    name: str = ""
    calling: bool | None = None

    @property
    def user(self) -> str:
        """The number or name in the address: the user part of a URI, with or without its scheme, unescaped."""
        address = self.aor.partition(";")[0]
        scheme, colon, rest = address.partition(":")
        address = rest if colon and scheme.lower() in ("sip", "sips", "tel") else address
        return _line(unquote(address.partition("@")[0].partition(":")[0], errors="replace"))


@dataclass(frozen=True, slots=True)
class MediaStream:
    """One stream of the recording.

    Attributes:
        label: of the `m=` line that carries it (RFC 4574).
        mixed: whether it carries everybody's voice; None when that is not said.
    """

    id: str
    label: str = ""
    mixed: bool | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """A snapshot, or what a partial update changes.

    Attributes:
        complete: a snapshot; else what it does not name stays as it was.
        session: id of the communication session: the call between the two.
        participants, streams: in the order in which they were named.
        sends: ids of the streams on which a participant is heard, by the participant's id.
        left: ids of participants who are no part of it any more.
        calling: user part of who called, where the sender copies the call's headers (Sonus); empty when not.
    """

    complete: bool = True
    session: str = ""
    participants: tuple[Participant, ...] = ()
    streams: tuple[MediaStream, ...] = ()
    sends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    calling: str = ""

    def speaker(self, label: str) -> Participant | None:
        """Who alone is heard on the stream of that label; None when nobody is said to be, or several are."""
        ids = {stream.id for stream in self.streams if stream.label == label and not stream.mixed}
        found = [one for one in self.participants if ids & set(self.sends.get(one.id, ()))]
        return found[0] if len(found) == 1 else None

    def shared(self, label: str) -> bool:
        """Whether the stream of that label is said to carry several voices; one that none names may be any."""
        senders = [set(self.sends.get(one.id, ())) for one in self.participants]
        named = [stream for stream in self.streams if stream.label == label]
        return any(
            stream.mixed or sum(stream.id in sent for sent in senders) > 1 for stream in named or self.streams
        )

    def alone(self, label: str) -> bool:
        """Whether the stream of that label, where there is no other, is shown to carry one voice.

        So it is where one participant alone is said to be heard on it, and another one on another stream, or it is
        said to be separate. Where less is said, it may as well be both: clients that mix seldom say so.
        """
        one = self.speaker(label) if label else None
        if one is None or self.shared(label):
            return False
        streams = {stream.id: stream for stream in self.streams}
        separate = any(stream.mixed is False for stream in self.streams if stream.label == label)
        others = {sent for other in self.participants if other is not one for sent in self.sends.get(other.id, ())}
        return separate or any(sent in streams and streams[sent].label != label for sent in others)


def updated(before: Metadata | None, said: Metadata) -> Metadata:
    """What is known after `said`: a snapshot replaces everything, a partial update what it names."""
    if before is None or said.complete:
        return said
    participants = {one.id: one for one in before.participants if one.id not in said.left}
    for one in said.participants:
        old = participants.get(one.id)
        participants[one.id] = one if one.aor or old is None else replace(old, name=one.name or old.name)
    streams = {one.id: one for one in before.streams}
    for stream in said.streams:
        kept = streams.get(stream.id, stream)
        mixed = kept.mixed if stream.mixed is None else stream.mixed
        streams[stream.id] = replace(stream, label=stream.label or kept.label, mixed=mixed)
    sends = {key: ids for key, ids in {**before.sends, **said.sends}.items() if key in participants}
    return Metadata(
        True,
        said.session or before.session,
        tuple(participants.values())[-MAX_OBJECTS:],
        tuple(streams.values())[-MAX_OBJECTS:],
        sends,
        frozenset(),
        said.calling or before.calling,
    )


def parse(body: bytes) -> Metadata:
    """Read a metadata document.

    Raises:
        InputError: it is not one, has declarations, or is larger than any real one.
    """
    if len(body) > MAX_BYTES:
        raise _wrong(f"{len(body)} bytes")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body.strip(b" \t\r\n\0"), True)
    except expat.ExpatError as problem:
        if not (reader.closed and problem.code == _JUNK_AFTER_THE_END):
            raise _wrong(expat.ErrorString(problem.code)) from problem
    except (ValueError, LookupError) as problem:  # an encoding that nobody knows
        raise _wrong(str(problem)[:80]) from problem
    return reader.metadata()


def serialize(metadata: Metadata) -> bytes:
    """A document that says it, in the shape of RFC 7865."""
    mode = "complete" if metadata.complete else "partial"
    session = quoteattr(metadata.session)
    lines = [f"<dataMode>{mode}</dataMode>"] + [f"<session session_id={session}/>"] * bool(metadata.session)
    for one in metadata.participants:
        said = "" if one.calling is None else f"<callingParty>{str(one.calling).lower()}</callingParty>"
        name = f"<name>{escape(one.name)}</name>" if one.name else ""
        lines.append(
            f"<participant participant_id={quoteattr(one.id)}><nameID aor={quoteattr(one.aor)}>{name}</nameID>"
            f"{said}</participant>"
        )
    for stream in metadata.streams:
        mixed = "" if stream.mixed is None else f"<mode>{'mixed' if stream.mixed else 'separate'}</mode>"
        label = f"<label>{escape(stream.label)}</label>" if stream.label else ""
        lines.append(f"<stream stream_id={quoteattr(stream.id)} session_id={session}>{label}{mixed}</stream>")
    for key, ids in metadata.sends.items():
        sent = "".join(f"<send>{escape(one)}</send>" for one in ids)
        lines.append(f"<participantstreamassoc participant_id={quoteattr(key)}>{sent}</participantstreamassoc>")
    for key in sorted(metadata.left):
        lines.append(
            f"<participantsessionassoc participant_id={quoteattr(key)} session_id={session}>"
            "<disassociate-time>1970-01-01T00:00:00Z</disassociate-time></participantsessionassoc>"
        )
    if metadata.calling:
        called = escape(f"<sip:{metadata.calling}@invalid>")
        lines.append(f"<group group_id='g'><callData><fromhdr>{called}</fromhdr></callData></group>")
    whole = "\n".join(lines)
    head = f"<?xml version='1.0' encoding='UTF-8'?>\n<recording xmlns='{NAMESPACE}'>"
    return f"{head}\n{whole}\n</recording>\n".encode()


def _wrong(what: str) -> InputError:
    return InputError(f"recording metadata cannot be read: {what}", "look at what the recording client sends")


def _refuse(*_declaration: object) -> None:
    raise _wrong("it has a DOCTYPE")


class _Reader:
    """Takes expat's events; each costs the same, whatever came before."""

    def __init__(self) -> None:
        self.closed = False
        self._path: list[str] = []
        self._elements = 0
        self._kept: list[str] = []
        self._length = 0
        self._complete = True
        self._session = ""
        self._calling = ""
        self._owner = self._stream = ""
        """Whom a `send` is about; which stream a label."""
        self._ended, self._sent_before = False, 0
        """Of the association that is read: whether it is over, and what its owner sends besides."""
        self._people: dict[str, Participant] = {}
        self._streams: dict[str, MediaStream] = {}
        self._sends: dict[str, tuple[str, ...]] = {}
        self._left: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self._elements += 1
        if len(self._path) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise _wrong("too many elements")
        if not self._path and name != "recording":
            raise _wrong(f"it begins with {name[:40]}")
        self._path.append(name)
        self._kept, self._length = [], 0
        said = {_local(key): _line(value)[:MAX_TEXT] for key, value in attributes.items()}
        own = said.get(f"{name}_id", "") or said.get("id", "")
        if name == "session" and not self._session:
            self._session = own
        elif name == "participant":
            self._owner = own
            if own and len(self._people) < MAX_OBJECTS:
                self._people.setdefault(own, Participant(own))
        elif name == "stream":
            self._stream = own
            if own and len(self._streams) < MAX_OBJECTS:
                self._streams.setdefault(own, MediaStream(own))
        elif name in ("participantstreamassoc", "participantsessionassoc"):
            self._owner = said.get("participant_id", "") or said.get("participant", "")
            if name == "participantstreamassoc" and self._owner and len(self._sends) < MAX_OBJECTS:
                self._sends.setdefault(self._owner, ())
            self._ended, self._sent_before = False, len(self._sends.get(self._owner, ()))
        elif name == "nameid" and self._owner in self._people:
            self._people[self._owner] = replace(self._people[self._owner], aor=said.get("aor", ""))

    def text(self, data: str) -> None:
        if self._length < MAX_TEXT:
            self._kept.append(data[: MAX_TEXT - self._length])
            self._length += len(data)

    def end(self, _tag: str) -> None:
        name = self._path.pop()
        text, within = _line("".join(self._kept)), self._path
        self._kept, self._length = [], 0
        owner = self._people.get(self._owner)
        stream = self._streams.get(self._stream)
        if name == "datamode":
            self._complete = text.lower() != "partial"
        elif name == "name" and owner is not None and "participant" in within:
            self._people[owner.id] = replace(owner, name=text)
        elif name == "callingparty" and owner is not None:
            self._people[owner.id] = replace(owner, calling=text.lower() in _YES)
        elif name == "send" and self._owner and text:
            sent = self._sends.get(self._owner, ())
            if len(sent) < MAX_OBJECTS:
                self._sends[self._owner] = (*sent, text)
        elif name == "label" and stream is not None and "stream" in within:
            self._streams[stream.id] = replace(stream, label=text)
        elif name == "mode" and stream is not None and "stream" in within:
            self._streams[stream.id] = replace(stream, mixed=_MODES.get(text.lower()))
        elif name == "disassociate-time" and "participantsessionassoc" in within and self._owner:
            self._left.add(self._owner)
        elif name == "disassociate-time" and "participantstreamassoc" in within and self._owner:
            self._ended = True
        elif name == "participantstreamassoc" and self._ended:  # it says what has been, not what is
            self._sends[self._owner] = self._sends.get(self._owner, ())[: self._sent_before]
        elif name == "fromhdr":
            self._calling = Participant("", text.partition("<")[2].partition(">")[0] or text).user
        self.closed = not self._path

    def metadata(self) -> Metadata:
        return Metadata(
            self._complete,
            self._session,
            tuple(p for p in self._people.values() if not (self._complete and p.id in self._left)),
            tuple(self._streams.values()),
            dict(self._sends),
            frozenset() if self._complete else frozenset(self._left),
            self._calling,
        )


def _line(text: str) -> str:
    """A value on one line: a line break can be written as a reference."""
    return " ".join(text.split())


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def speakers(metadata: Metadata, labels: tuple[str, ...]) -> Iterator[Participant | None]:
    """Who speaks on each stream, in the order of the labels.

    Where the sender associates nobody with any stream, participants are taken in the order of the streams.
    """
    said = [metadata.speaker(label) for label in labels]
    if any(said) or any(metadata.sends.values()) or len(metadata.participants) != len(labels):
        yield from said
    else:
        yield from metadata.participants
