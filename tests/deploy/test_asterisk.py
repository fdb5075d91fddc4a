"""The Asterisk example, read: what must hold in every copy of it. What it does is tried in tests/pbx."""

import re
from pathlib import Path

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
