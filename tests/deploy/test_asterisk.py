"""The Asterisk example, read: what must hold in every copy of it. What it does is tried in tests/pbx."""

import re
from pathlib import Path

from screener.service.peers import check_clear
from screener.settings.load import parse
from tests.sip.authority import Authority

FOLDER = Path(__file__).parents[2] / "deploy/asterisk"
DIALPLAN = (FOLDER / "extensions.conf").read_text("utf-8")


def context(name: str) -> str:
    found = re.search(rf"(?ms)^\[{name}\]\n(.*?)(?=^\[|\Z)", DIALPLAN)
    assert found, name
    return found[1]


def test_every_way_in_from_the_trunk_cleans_number_and_name_first() -> None:
    first = re.findall(r"(?m)^exten => [^,]+,1,(\w+\(?[\w-]*)", context("from-trunk"))
    assert first
    assert set(first) == {"Gosub(clean-caller"}


def let_through(chosen: str) -> set[int]:
    r"""The bytes that a list of Asterisk's FILTER names: signs, `\xNN`, and ranges of them."""
    found_signs = re.findall(r"\\x([0-9a-f]{2})|(.)", chosen)
    signs = [(int(code, 16) if code else ord(sign), sign) for code, sign in found_signs]
    found: set[int] = set()
    at = 0
    while at < len(signs):
        ranges = at + 2 < len(signs) and signs[at + 1][1] == "-"
        last = at + 2 if ranges else at
        found |= set(range(signs[at][0], signs[last][0] + 1))
        at = last + 1
    return found


DIGITS = set(b"+0123456789*#")
WRITES = {*range(32), 127, *b"\"'\\|"}
"""Ends a line, a quotation or a field in what Asterisk writes."""


def test_number_and_name_are_filtered_before_anything_is_written() -> None:
    """By their kind: whatever a line of an event, of queue_log or of the CDR ends with is not let through."""
    cleans = context("clean-caller")
    kept = {
        name: (let_through(chosen), of)
        for name, chosen, of in re.findall(r"(?m)Set\((.+?\))=\$\{FILTER\((.+),\$\{(.+?\))\}\)\}\)$", cleans)
    }
    assert set(kept) == {"CALLERID(num)", "CALLERID(name)", "CALLERID(ani)", "REDIRECTING(from-num,i)"}
    assert all(of == name.replace(",i)", ")") for name, (_, of) in kept.items()), "each of itself"
    assert re.search(r"(?m)Set\(REDIRECTING\(from-name,i\)=\)$", cleans), "a second name is not needed"
    name, _ = kept.pop("CALLERID(name)")
    assert {place: allowed for place, (allowed, _) in kept.items()} == dict.fromkeys(kept, DIGITS)
    assert name & WRITES == set()
    assert name >= set("张三 <Li Si>, [/x]".encode()), "names stay readable"
    lines = [line for line in cleans.splitlines() if "=>" in line]
    assert all("FILTER" in line or "from-name" in line for line in lines[:5]), "before it goes anywhere"
    assert cleans.count("Return()") == 1


def test_every_user_event_that_acts_brings_the_secret_first() -> None:
    events = re.findall(r"UserEvent\((Screener\w+),(\w+): (\S+?)[,)]", DIALPLAN)
    assert len(events) == DIALPLAN.count("UserEvent(Screener") == 2
    assert {event[1:] for event in events} == {("Secret", "${SCREENER_SECRET}")}


def test_one_account_with_the_least_rights_that_asterisk_knows() -> None:
    accounts = (FOLDER / "manager.conf").read_text("utf-8")
    assert re.findall(r"(?m)^\[(\w+)\]", accounts) == ["general", "screener"]
    assert re.findall(r"(?m)^(?:read|write) = (.*)$", accounts) == ["call,agent,user", "call,originate,user"]
    (pattern,) = re.findall(r"(?m)^eventfilter = (.*)$", accounts)
    heard = ("AgentConnect", "DialEnd", "Hangup", "OriginateResponse", "UserEvent")
    assert all(re.match(pattern, f"Event: {name}\r\nPrivilege: x") for name in heard)
    unheard = ("Newchannel", "HangupRequest", "DialBegin", "NewCallerid", "QueueCallerJoin", "Cdr", "VarSet")
    stranger = "\r\nCallerIDNum: 1\r\n\r\nEvent: UserEvent\r\n"
    assert not [name for name in unheard if re.search(pattern, f"Event: {name}{stranger}")]


def test_the_encrypted_example_says_of_itself_what_the_doctor_says(tmp_path: Path) -> None:
    """Calls are encrypted; the manager interface is not, but for the tunnel that is told beside it."""
    Authority(tmp_path).issue("screener")
    file = FOLDER / "screener-secure.toml"
    said = file.read_text("utf-8").replace('"keys/', f'"{tmp_path}/')
    (found,) = check_clear(parse(said, file))
    assert found.message.startswith("[pbx] host: ")
    assert "tunnel" in found.remedy
    assert "until it goes through a tunnel" in said.partition("[sip]")[0].replace("\n# ", " ")
    section, head, rest = said.partition("\n[pbx]")
    tunnelled = section + head + rest.replace('host = "192.0.2.10"', 'host = "127.0.0.1"', 1)
    assert not list(check_clear(parse(tunnelled, file)))
