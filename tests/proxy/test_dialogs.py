"""Kamailio's list of dialogs, and what changes from one to the next."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.ports import user_of
from screener.proxy.dialogs import DialogParty, Dialogs, ProxyDialog, parse, serialize

NAMES = st.text(max_size=20)
SHOWN = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
PARTIES = st.builds(DialogParty, NAMES, NAMES, NAMES, st.integers(0, 2**31), NAMES)
DIALOGS = st.builds(ProxyDialog, NAMES, SHOWN, SHOWN.filter(bool), SHOWN.filter(bool), PARTIES, PARTIES)
CALLER = DialogParty("c1", "sip:13800138000@192.0.2.30", "sip:caller@192.0.2.30:5060", 1)
AGENT = DialogParty("a1", "sip:4001@192.0.2.50", "sip:agent1@192.0.2.41:5060", 0)
ONE = ProxyDialog("call-1", "sales", "agent1", "13800138000", CALLER, AGENT)
# As Kamailio 5.6 answers, fields that nobody reads left out.
REAL = {
    "jsonrpc": "2.0",
    "result": [
        {
            "h_entry": 1092, "call-id": "call-1", "state": 4,
            "from_uri": "sip:13800138000@192.0.2.30", "to_uri": "sip:4001@192.0.2.50",
            "caller": {"tag": "c1", "contact": "sip:caller@192.0.2.30:5060", "cseq": "1", "route_set": ""},
            "callee": {"tag": "a1", "contact": "sip:agent1@192.0.2.41:5060", "cseq": "0", "route_set": ""},
            "profiles": [], "variables": [{"mover": "x"}, {"screener": "sales"}],
        }
    ],
    "id": 1,
}  # fmt: skip


@given(st.lists(DIALOGS, max_size=4))
def test_what_is_written_is_read(dialogs: list[ProxyDialog]) -> None:
    assert parse(serialize(dialogs)) == tuple(dialogs)


def test_a_real_list() -> None:
    assert parse(json.dumps(REAL).encode()) == (ONE,)


@pytest.mark.parametrize(
    "changed",
    [{"state": 5}, {"state": 1}, {"variables": []}, {"variables": [{"other": "1"}]}, {"variables": None}],
)
def test_what_is_not_marked_or_not_talking_is_left_alone(changed: dict[str, object]) -> None:
    row = {**REAL["result"][0], **changed}  # type: ignore[index]
    assert parse(json.dumps({"result": [row]}).encode()) == ()


def test_no_dialogs_and_one_without_a_list() -> None:
    assert parse(b'{"result": []}') == parse(b'{"result": {}}') == parse(b'{"result": null}') == ()
    assert parse(json.dumps({"result": REAL["result"][0]}).encode()) == (ONE,)  # type: ignore[index]


@given(
    st.binary(max_size=40) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        parse(body)


ROW = json.dumps(REAL["result"][0]).encode()  # type: ignore[index]


def beside(*changes: tuple[bytes, bytes]) -> tuple[tuple[ProxyDialog, ...], list[str]]:
    """What is read of a list of two, of which the first is changed; and what is not."""
    row = ROW.replace(b"call-1", b"call-0")
    for old, new in changes:
        assert old in row
        row = row.replace(old, new)
    unread: list[str] = []
    return parse(b'{"result": [' + row + b", " + ROW + b"]}", unread.append), unread


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"cseq": "1"', b'"cseq": "a"'),
        (b'"cseq": "1"', b'"cseq": "' + b"9" * 5000 + b'"'),
        (b'"tag": "c1"', b'"other": ""'),
        (b'"from_uri"', b'"other"'),
        (b'"caller"', b'"other"'),
        (b"sip:caller@", b"\\ud800@"),
    ],
)
def test_one_that_cannot_be_read_is_said_and_the_others_are_listened_to(old: bytes, new: bytes) -> None:
    assert beside((old, new)) == ((ONE,), ["call-0"])


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"1380\xff\xfe", "1380\xff\xfe"),
        (b"\xd5\xc5\xc8\xfd", "张三"),
        (b"13\t\x1b80", "13\ufffd\ufffd80"),
        (b"%31%0d%0a3", "1\ufffd\ufffd3"),
    ],
)
def test_whatever_bytes_a_caller_is_called_by_all_calls_are_listened_to(sent: bytes, shown: str) -> None:
    (found, other), unread = beside(
        (b"13800138000", sent), (b"call-0", b"call-" + sent), (b'"c1"', b'"' + sent + b'"')
    )
    assert (found.number, other, unread) == (shown, ONE, [])
    assert found.name.isprintable() or "\ufffd" in found.name
    for text in (found.number, found.name):
        text.encode()
    for raw in (found.caller.tag, found.call_id.removeprefix("call-")):
        assert raw.encode("utf-8", "surrogateescape") == sent, "the proxy is told what it has said"


def test_the_script_may_say_more() -> None:
    said = [{"screener": "q"}, {"screener_agent": "8001"}, {"screener_number": "010"}]
    row = {**REAL["result"][0], "variables": said}  # type: ignore[index]
    (found,) = parse(json.dumps({"result": [row]}).encode())
    assert (found.queue, found.agent, found.number) == ("q", "8001", "010")


@pytest.mark.parametrize(
    ("uri", "user"),
    [("sip:1@a", "1"), ("sips:a;x=1@b:5061;transport=tls", ""), ("sip:a", ""), ("tel:123", ""), ("", "")],
)
def test_user_of(uri: str, user: str) -> None:
    assert user_of(uri) == user


def numbered(number: int) -> ProxyDialog:
    return replace(ONE, call_id=f"call-{number}")


def test_calls_begin_and_end_with_the_lists() -> None:
    dialogs = Dialogs(10)
    assert dialogs.listed([numbered(1)]) == ([numbered(1)], [])
    assert dialogs.listed([numbered(1), numbered(2)]) == ([numbered(2)], [])
    assert dialogs.listed([numbered(2)]) == ([], [numbered(1)])
    assert dialogs.newest(numbered(1)) is None
    later = replace(numbered(2), callee=replace(AGENT, cseq=7))
    assert dialogs.listed([later]) == ([], [])
    assert dialogs.newest(numbered(2)) == later, "its newest count of requests"
    assert dialogs.listed([]) == ([], [later])


def test_beyond_the_bound_they_are_told_once_and_stay_unheard() -> None:
    dialogs = Dialogs(1)
    told: list[ProxyDialog] = []
    for _ in range(3):
        dialogs.listed([numbered(1), numbered(2)], told.append)
    assert told == [numbered(2)]
    begun, over = dialogs.listed([numbered(2), numbered(3)], told.append)
    assert (begun, over) == ([numbered(3)], [numbered(1)]), "who begins later is heard from the beginning"


@given(st.lists(st.sets(st.integers(0, 6)), max_size=12), st.integers(1, 4))
def test_whatever_is_listed_as_many_end_as_begin(lists: list[set[int]], most: int) -> None:
    dialogs = Dialogs(most)
    heard: set[ProxyDialog] = set()
    for listed in [*lists, set()]:
        begun, over = dialogs.listed([numbered(n) for n in sorted(listed)])
        assert set(over) <= heard
        assert not set(begun) & heard
        heard = (heard - set(over)) | set(begun)
        assert len(heard) <= most
        assert {d.call_id for d in heard} <= {f"call-{n}" for n in listed}
    assert not heard
