import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screener.errors import InputError
from screener.siprec.metadata import (
    MAX_BYTES,
    MAX_OBJECTS,
    MAX_TEXT,
    MediaStream,
    Metadata,
    Participant,
    parse,
    serialize,
    updated,
)
from tests.siprec.offers import DRAFT, PLAIN, PREFIXED, RFC

texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)
ids = st.from_regex(r"[A-Za-z0-9+/=]{1,12}", fullmatch=True)
people = st.builds(Participant, ids, texts, texts, st.sampled_from([None, True, False]))
streams = st.builds(MediaStream, ids, texts, st.sampled_from([None, True, False]))


@st.composite
def metadata(draw: st.DrawFn, complete: bool | None = None) -> Metadata:
    who = tuple({p.id: p for p in draw(st.lists(people, max_size=4))}.values())
    what = tuple({s.id: s for s in draw(st.lists(streams, max_size=4))}.values())
    sends = {p.id: tuple(draw(st.lists(st.sampled_from([s.id for s in what]), max_size=2))) for p in who if what}
    whole = draw(st.booleans()) if complete is None else complete
    left = frozenset() if whole else draw(st.frozensets(ids, max_size=2)) - {p.id for p in who}
    return Metadata(whole, draw(ids), who, what, sends, left, draw(st.sampled_from(["", "139"])))


@given(metadata())
def test_what_is_written_is_read(said: Metadata) -> None:
    assert parse(serialize(said)) == said


@given(st.binary(max_size=400))
def test_anything_else_is_an_error_that_says_so(body: bytes) -> None:
    try:
        parse(body)
    except InputError as problem:
        assert problem.message.startswith("recording metadata cannot be read")


@given(st.sampled_from([DRAFT, PLAIN, PREFIXED, RFC]), st.data())
def test_a_damaged_document_is_read_or_refused(document: str, data: st.DataObject) -> None:
    body = bytearray(document.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        parse(bytes(body[: data.draw(st.integers(0, len(body)))]))


@given(metadata(complete=True), metadata(complete=False))
def test_a_partial_update_changes_what_it_names_and_nothing_else(before: Metadata, said: Metadata) -> None:
    after = updated(before, said)
    assert after.complete
    kept = {p.id for p in before.participants} - said.left
    assert {p.id for p in after.participants} == kept | {p.id for p in said.participants}
    named = {p.id for p in said.participants}
    assert [p for p in after.participants if p.id not in named] == [
        p for p in before.participants if p.id in kept - named
    ]
    assert updated(after, before) == before, "a snapshot replaces everything"


def test_a_partial_update_that_leaves_out_label_or_mode_changes_neither() -> None:
    before = Metadata(streams=(MediaStream("s", "1", mixed=True),))
    for said in (MediaStream("s", "1"), MediaStream("s")):
        assert updated(before, Metadata(complete=False, streams=(said,))).streams == before.streams
    apart = Metadata(complete=False, streams=(MediaStream("s", mixed=False),))
    assert updated(before, apart).streams == (MediaStream("s", "1", mixed=False),)


def test_drafts_and_the_rfc_say_the_same() -> None:
    for document, caller, place in ((DRAFT, "16777228", 1), (RFC, "1", 0), (PREFIXED, "2", 0)):
        found = parse(document.encode())
        speaker = found.speaker(caller)
        assert speaker == found.participants[place]
        assert speaker.user == "13900001111"
    assert [p.calling for p in parse(DRAFT.encode()).participants] == [False, True]
    assert parse(PREFIXED.encode()).calling == "13900001111"


@pytest.mark.parametrize(
    ("aor", "user"),
    [
        ("sip:8001@192.0.2.1;user=phone", "8001"), ("SIPS:8001:pw@h", "8001"), ("8001@h", "8001"),
        ("tel:+8613900001111;x=y", "+8613900001111"), ("Extension-8001@h", "Extension-8001"), ("", ""),
        ("sip:%2B8613900001111@h", "+8613900001111"), ("sip:1%0d%0aX%202@h", "1 X 2"), ("sip:%ff@h", "\ufffd"),
    ],
)  # fmt: skip
def test_the_user_part_of_an_address(aor: str, user: str) -> None:
    assert Participant("x", aor).user == user


LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><recording>&b;</recording>'


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        '<!DOCTYPE recording SYSTEM "file:///etc/passwd"><recording/>',
        '<!DOCTYPE recording [<!ENTITY x SYSTEM "file:///etc/passwd">]><recording><datamode>&x;</datamode></recording>',
        "<recording>&unknown;</recording>",
        "<recording>" * 20,
        "<recording>" + "<a/>" * 3000 + "</recording>",
        "<html/>",
        "<recording><a></recording>",
        "<?xml version='1.0' encoding='nobody'?><recording/>",
        "",
    ],
)
def test_what_is_refused(document: str) -> None:
    with pytest.raises(InputError):
        parse(document.encode())


def test_too_long_a_document_is_refused_and_too_long_a_value_is_cut() -> None:
    with pytest.raises(InputError):
        parse(b"<recording>" + b" " * MAX_BYTES + b"</recording>")
    long = RFC.replace("</nameID>", f"<name>{'x' * 5000}</name></nameID>", 1)
    assert len(parse(long.encode()).participants[0].name) == MAX_TEXT


def test_a_name_is_one_line_whatever_is_written() -> None:
    said = RFC.replace("></nameID>", "><name>a&#10;b\nc</name></nameID>", 1).replace("8001@", "8001&#10;x@")
    found = parse(said.encode())
    assert [found.participants[0].name, found.participants[1].user] == ["a b c", "8001 x"]


def test_what_follows_the_document_is_left_out() -> None:
    assert parse(RFC.encode() + b"\r\n--boundary--\0") == parse(RFC.encode())


def test_as_many_take_part_as_are_kept_and_then_no_more() -> None:
    who = tuple(Participant(f"p{n}", f"sip:{n}@a", f"n{n}", n == 0) for n in range(MAX_OBJECTS))
    what = tuple(MediaStream(f"s{n}", f"{n}", True) for n in range(MAX_OBJECTS))
    said = Metadata(True, "1", who, what, {one.id: ("s1", "s2", "s3") for one in who})
    assert parse(serialize(said)) == said
    with pytest.raises(InputError, match="too many elements"):
        parse(serialize(said).replace(b"</recording>", b"<a/>" * 1000 + b"</recording>"))
