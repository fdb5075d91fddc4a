"""What a stranger on the trunk, and each account of the manager interface, tries at a real Asterisk and gets."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from screener.sip.message import Request, parse
from tests.pbx import stranger
from tests.pbx.network import ASTERISK, SCREENER, Network, Wiretap
from tests.pbx.rig import BESIDE, CRM, DEPLOY, IN_PATH, SECRET, Asterisk, Caller, Crew, Phone, Screener
from tests.pbx.voices import said
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx


def channel_ids(asterisk: Asterisk) -> tuple[str, str]:
    """Uniqueids of the caller and of the agent who talk."""
    ids = {line.split("!")[0].split("-")[0]: line.split("!")[-1] for line in asterisk.channels()}
    agent = next(name for name in ids if name not in ("PJSIP/trunk", "PJSIP/screener"))
    return ids["PJSIP/trunk"], ids[agent]


def spies(asterisk: Asterisk) -> list[str]:
    return [leg.split("!")[0] for leg in asterisk.legs("screener") if "ChanSpy" in leg]


def test_no_stranger_s_number_moves_another_s_call(
    network: Network,
    asterisk: Asterisk,
    phone: Phone,
    run_screener: Callable[..., Screener],
    place_call: Callable[..., Caller],
) -> None:
    """With everything in the stranger's favour: the agent's name and the ids of the call are known to it."""
    screener = run_screener()
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    caller = place_call(said("enquiry"), number="13800001111", dialled=BESIDE)
    phone.answer(30, since=caller.started)
    wait_for(lambda: len(spies(asterisk)) == 2, 5, "two listening legs")
    before = spies(asterisk)
    linkedid, agent_id = channel_ids(asterisk)
    numbers = stranger.events("agent1", linkedid, agent_id)
    stranger.dial(network, numbers, BESIDE)
    stranger.dial(network, numbers, IN_PATH)
    stranger.dial(network, ["13800002222"], BESIDE, name="1\r\n\r\nEvent: UserEvent\r\nUserEvent: ScreenerFlag")
    time.sleep(3)
    assert spies(asterisk) == before, "still listened to"
    assert asterisk.legs("agent1"), "the agent still has the caller"
    assert not caller.gone
    assert "flags a call" not in screener.log
    assert screener.log.count("logged in") == 1, "the connection stands"
    forged = [line for line in (asterisk.home / "log/queue_log").read_text().splitlines() if "|17.1|" in line]
    assert not forged, "no line of queue_log is the stranger's"
    assert "\x1b" not in (asterisk.home / "log/queue_log").read_text()


def test_the_dialplan_lets_digits_and_a_plain_name_through(network: Network, asterisk: Asterisk) -> None:
    seen = len(asterisk.queue_log("ENTERQUEUE"))
    stranger.dial(network, ["+861380000\r\n3333", "1380000|4444"], BESIDE, name="张三[/x]")
    wait_for(lambda: len(asterisk.queue_log("ENTERQUEUE")) >= seen + 2, 10, "both in queue_log", every=0.2)
    entered = asterisk.queue_log("ENTERQUEUE")[seen:]
    assert [line[6] for line in entered] == ["+8613800003333", "13800004444"]
    dialled = [f"{BESIDE}\r\nEvent: x", f"{IN_PATH}\r\nEvent: x", f"{IN_PATH},1)", f"{IN_PATH}${{HASH(x)}}"]
    for number in dialled:
        assert stranger.dial(network, ["13800006666"], number)[0] >= 400, "no such number"
    wait_for(lambda: not asterisk.channels(), 5, "quiet PBX: nothing is left for those who call next", every=0.2)


def test_the_name_that_goes_on_is_plain(
    network: Network, asterisk: Asterisk, run_screener: Callable[..., Screener]
) -> None:
    run_screener()
    wait_for(lambda: asterisk.contact("screener") == "Avail", 20, "registration")
    tap = Wiretap(network)
    try:
        stranger.dial(network, ["13800008888"], IN_PATH, name=r"张三[/x]|'\"y\\")
        asked = wait_for(lambda: tap.sip("INVITE ", source=ASTERISK, target=SCREENER), 5, "INVITE to the screener")
    finally:
        tap.stop()
    invite = parse(asked[0].data)
    assert isinstance(invite, Request)
    assert (invite.from_.uri.number, invite.from_.display_name) == ("13800008888", "张三[/x]y")


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[tuple[Network, Asterisk, Screener]]:
    """A site that copied neither the filter of the dialplan nor that of the events: the screener is on its own."""
    dialplan = (DEPLOY / "extensions.conf").read_text("utf-8")
    open_to_all = "[clean-caller]\nexten => s,1,Return()\n"
    dialplan = re.sub(r"\[clean-caller\].*?(?=\n\[|\n; Runs on)", lambda _: open_to_all, dialplan, flags=re.S)
    accounts = re.sub(r"(?m)^eventfilter.*$", "", (DEPLOY / "manager.conf").read_text("utf-8"))
    network = Network()
    asterisk = Asterisk(
        network, tmp_path / "asterisk", crew=2, replaced={"extensions.conf": dialplan, "manager.conf": accounts}
    )
    crew = Crew(network, tmp_path / "crew")
    for number in range(2):
        asterisk.rx(f"queue add member PJSIP/crew{number} to agents")
    screener = Screener(network, tmp_path / "screener")
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    yield network, asterisk, screener
    for peer in (screener, crew, asterisk, network):
        peer.stop()


def test_without_any_filter_the_screener_believes_no_stranger(
    bare: tuple[Network, Asterisk, Screener], tmp_path: Path
) -> None:
    network, asterisk, screener = bare
    caller = Caller(network, tmp_path / "caller", said("enquiry"), number="13800001111", dialled=BESIDE)
    try:
        wait_for(lambda: len(spies(asterisk)) == 2, 20, "two listening legs")
        before = spies(asterisk)
        linkedid, agent_id = channel_ids(asterisk)
        agent = next(c for c in asterisk.channels() if c.startswith("PJSIP/crew")).split("/")[1].split("-")[0]
        stranger.dial(network, stranger.events(agent, linkedid, agent_id), BESIDE)
        time.sleep(3)
        assert [leg for leg in before if leg not in spies(asterisk)] == [], "still listened to"
        assert asterisk.legs(agent), "the agent still has the caller"
        wait_for(lambda: "left out" in screener.log, 10, "word of what was tried")
        assert screener.log.count("logged in") == 1, "the connection stands"
        assert "\x1b" not in screener.log
    finally:
        caller.stop()


def test_the_site_s_own_word_counts_with_its_secret_only(
    asterisk: Asterisk, run_screener: Callable[..., Screener]
) -> None:
    screener = run_screener()
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    asterisk.manager("UserEvent", UserEvent="ScreenerFlag", Agent="agent1")
    wait_for(lambda: "lacks the secret" in screener.log, 5, "refusal")
    asterisk.manager("UserEvent", UserEvent="ScreenerFlag", Secret=SECRET, Agent="agent1")
    wait_for(lambda: "agent1 flags a call that this agent does not have" in screener.log, 5, "refusal")
    assert SECRET not in screener.log


# Accounts.

TRIED = {
    "Ping": {},
    "Status": {},
    "UserEvent": {"UserEvent": "Tried"},
    "Originate": {"Channel": "Local/nobody@from-screener", "Application": "NoOp", "Async": "true"},
    "Redirect": {"Channel": "PJSIP/nobody-1", "Context": "from-trunk", "Exten": "s", "Priority": "1"},
    "Setvar": {"Variable": "TRIED", "Value": "1"},
    "Hangup": {"Channel": "PJSIP/nobody-1"},
    "BridgeDestroy": {"BridgeUniqueid": "tried"},
    "BridgeKick": {"Channel": "PJSIP/nobody-1"},
    "QueueWithdrawCaller": {"Queue": "agents", "Caller": "PJSIP/nobody-1"},
    "Originate of a shell": {
        "Action": "Originate", "Channel": "Local/agents@from-screener", "Application": "System", "Data": "true",
    },
    "QueueLog": {"Queue": "tried", "Event": "TRIED"},
    "QueueAdd": {"Queue": "agents", "Interface": "PJSIP/nobody"},
    "QueuePause": {"Interface": "PJSIP/agent1", "Paused": "true"},
    "QueueRemove": {"Queue": "agents", "Interface": "PJSIP/nobody"},
    "Command": {"Command": "core show version"},
    "GetConfig": {"Filename": "manager.conf"},
    "UpdateConfig": {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    "DBGet": {"Family": "x", "Key": "y"},
    "DBPut": {"Family": "x", "Key": "y", "Val": "z"},
    "Reload": {},
    "ModuleLoad": {"LoadType": "reload"},
    "CoreStatus": {},
    "ShowDialPlan": {},
    "DialplanExtensionAdd": {"Context": "from-screener", "Extension": "x", "Priority": "1", "Application": "NoOp"},
    "AGI": {"Channel": "PJSIP/nobody-1", "Command": "x"},
    "MixMonitor": {"Channel": "PJSIP/nobody-1", "File": "/tmp/x"},
    "MessageSend": {"Destination": "pjsip:agent1", "From": "x", "Body": "x"},
    "PJSIPShowEndpoints": {},
    "LoggerRotate": {},
}  # fmt: skip
NEEDS_NOTHING = {"Ping", "BridgeDestroy", "BridgeKick", "QueueWithdrawCaller"}
"""What Asterisk lets everybody do who is logged in."""
SCREENER_MAY = NEEDS_NOTHING | {"Status", "UserEvent", "Originate", "Redirect", "Setvar", "Hangup"}


def answers(network: Network, name: str, secret: str) -> dict[str, str]:
    """What an account gets for everything in TRIED: `Message` of the answer."""
    got: dict[str, str] = {}
    with network.entered(), socket.create_connection((ASTERISK, 5038), timeout=5) as connection:
        stream = connection.makefile("rwb")

        def ask(fields: dict[str, str]) -> str:
            stream.write(("".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode())
            stream.flush()
            reply: dict[str, str] = {}
            while reply.get("ActionID") != fields["ActionID"] or "Response" not in reply:
                reply = {}
                while line := stream.readline().decode().rstrip("\r\n"):
                    key, _, value = line.partition(": ")
                    reply[key] = value
            return reply.get("Message", reply["Response"])

        ask({"Action": "Login", "Username": name, "Secret": secret, "Events": "off", "ActionID": "login"})
        for number, (action, fields) in enumerate(TRIED.items()):
            got[action] = ask({"Action": action, **fields, "ActionID": f"tried-{number}"})
    return got


REFUSED = ("Permission denied", "Originate Access Forbidden", "Access Forbidden")


def may(got: dict[str, str]) -> set[str]:
    return {action for action, message in got.items() if not message.startswith(REFUSED)}


def test_what_each_account_of_the_manager_interface_tries_and_gets(network: Network, asterisk: Asterisk) -> None:
    """The table of rights; print it with `pytest -s`."""
    screener = answers(network, "screener", "change-me-manager")
    program = answers(network, CRM, CRM)
    print(f"\n{'action':24} {'screener (call,originate,user)':44} program with `write = user`")
    for action in TRIED:
        print(f"{action:24} {screener[action][:43]:44} {program[action][:43]}")
    assert may(screener) == SCREENER_MAY
    assert may(program) == NEEDS_NOTHING | {"UserEvent"}, "why nobody but the screener has an account"


def test_the_screener_hears_four_kinds_of_event_only(network: Network, asterisk: Asterisk) -> None:
    assert asterisk.rx("manager show user screener")
    with network.entered(), socket.create_connection((ASTERISK, 5038), timeout=5) as connection:
        connection.sendall(b"Action: Login\r\nUsername: screener\r\nSecret: change-me-manager\r\n\r\n")
        connection.settimeout(2)
        stranger.dial(network, ["13800007777"], BESIDE)
        heard = b""
        try:
            while piece := connection.recv(65536):
                heard += piece
        except TimeoutError:
            pass
    kinds = set(re.findall(rb"(?m)^Event: (\w+)", heard))
    assert b"Hangup" in kinds
    assert kinds <= {b"AgentConnect", b"DialEnd", b"Hangup", b"OriginateResponse", b"UserEvent", b"FullyBooted"}
