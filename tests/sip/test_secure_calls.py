"""Calls with SRTP through the user agent: taken, refused, renegotiated; what is heard, and what is not."""

import time

import pytest

from screener.events import CallAnswered, CallEnded, Deaf, DeafCause
from screener.media.g711 import Law
from screener.media.rtp import Packet
from screener.media.srtp import Keys, MasterKey, Srtp, Suite
from screener.sip import sdes, sdp
from screener.sip.message import respond
from tests.sip.caller import Caller, Desk
from tests.waiting import WAIT, wait_for

SUITE = Suite.AES_CM_128_HMAC_SHA1_80


class SecureCaller(Caller):
    """The same caller with keys: what it sends is encrypted, and what it hears too."""

    def __init__(self, port: int, suite: Suite = SUITE) -> None:
        super().__init__(port)
        self.key = MasterKey.new(suite)
        self.srtp: Srtp | None = None

    def secure(self, profile: str = "RTP/SAVP", key: MasterKey | None = None) -> bytes:
        text = self.offer("0").replace(b"RTP/AVP", profile.encode())
        return text + f"{sdes.line(1, key or self.key)}\r\n".encode()

    def connected(self, response) -> None:
        super().connected(response)
        self.agree(response.body)

    def agree(self, body: bytes) -> None:
        stream = sdp.parse(body).audio("optional")
        assert stream
        if stream.theirs:
            keys = Keys(self.key, stream.theirs)
            self.srtp = Srtp(keys)

    def say(self, payload: bytes, key: Srtp | None = None) -> None:
        assert self.remote_rtp
        data = Packet(0, self.sequence & 0xFFFF, self.sequence * 160, 7, payload).serialize()
        sealer = key or self.srtp
        self.rtp.sendto(sealer.seal(data) if sealer else data, self.remote_rtp)
        self.sequence += 1

    def hear_one(self) -> bytes:
        assert self.srtp
        return self.srtp.open(self.rtp.recv(2000)) or b""


@pytest.mark.parametrize("setting", ["optional", "required"])
@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"])
@pytest.mark.parametrize("suite", Suite)
def test_a_call_with_srtp(setting: str, profile: str, suite: Suite) -> None:
    desk = Desk(srtp=setting)
    caller = SecureCaller(desk.agent.port, suite)
    response = caller.call(caller.secure(profile))
    assert response.status == 200
    assert f"m=audio {caller.remote_rtp[1]} {profile} 0".encode() in response.body
    assert desk.event(CallAnswered)
    heard: list[bytes] = []
    desk.call().listen(lambda pcm, _at: heard.append(pcm))
    packet = Packet.parse(caller.hear_one())
    assert packet.payload == Law.PCMU.silence
    voice = bytes(range(160))
    for _ in range(20):
        caller.say(voice)
        time.sleep(0.02)
    assert wait_for(lambda: heard.count(Law.PCMU.decode(voice)) > 10)
    samples = {sample.name: sample.value for sample in desk.agent.samples()}
    assert samples["calls_encrypted"] == 1
    caller.close()
    desk.stop()


@pytest.mark.parametrize(
    ("setting", "secure", "status"),
    [("off", True, 488), ("off", False, 200), ("optional", False, 200), ("required", False, 488)],
)
def test_what_the_setting_does_not_want_is_refused(setting: str, secure: bool, status: int) -> None:
    desk = Desk(srtp=setting)
    caller = SecureCaller(desk.agent.port)
    response = caller.call(caller.secure() if secure else caller.offer("0"))
    assert response.status == status
    assert ("SRTP is required" in response.headers.get("Warning")) == (setting == "required")
    caller.close()
    desk.stop()


def test_a_call_never_falls_back_to_clear_where_srtp_is_required() -> None:
    desk = Desk(srtp="required")
    caller = SecureCaller(desk.agent.port)
    assert caller.call(caller.secure()).status == 200
    assert caller.ask("INVITE", caller.offer("0")).status == 488
    assert caller.ask("UPDATE", caller.offer("0")).status == 488
    caller.rtp.setblocking(False)
    while True:
        try:
            caller.rtp.recv(2000)
        except BlockingIOError:
            break
    caller.rtp.settimeout(WAIT)
    assert Packet.parse(caller.hear_one()), "what goes out is encrypted still"
    caller.close()
    desk.stop()


@pytest.mark.parametrize(
    ("setting", "answered", "taken"),
    [
        ("optional", "secure", True),
        ("optional", "clear", True),
        ("optional", "another suite", False),
        ("required", "secure", True),
        ("required", "clear", False),
        ("off", "clear", True),
    ],
)
def test_the_answer_to_our_own_offer(setting: str, answered: str, taken: bool) -> None:
    desk = Desk(srtp=setting)
    caller = SecureCaller(desk.agent.port)
    invite = caller.request("INVITE")
    caller.invite = invite
    caller.send(invite)
    response = caller.final("INVITE")
    assert (b"a=crypto:" in response.body) == (setting != "off")
    assert (b"RTP/SAVP" in response.body) == (setting == "required")
    caller.connected(response)
    other = MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_32)
    profile = "RTP/SAVP" if setting == "required" else "RTP/AVP"
    secure = caller.secure(profile, other if "suite" in answered else None)
    caller.ack(caller.offer("0") if answered == "clear" else secure)
    if taken:
        assert desk.event(CallAnswered)
        data = caller.rtp.recv(2000)
        assert Packet.parse(caller.srtp.open(data) if answered == "secure" else data).payload == Law.PCMU.silence
    else:
        caller.send(respond(caller.wait_request("BYE"), 200))
        assert desk.event(CallEnded)
    caller.close()
    desk.stop()


def test_a_reinvite_keeps_the_keys_or_takes_new_ones() -> None:
    desk = Desk()
    caller = SecureCaller(desk.agent.port)
    first = caller.call(caller.secure())
    ours = sdp.parse(first.body).audio("optional").theirs
    desk.event(CallAnswered)
    heard: list[bytes] = []
    desk.call().listen(lambda pcm, _at: heard.append(pcm))

    again = caller.ask("INVITE", caller.secure())
    caller.ack(cseq=again.cseq[0])
    assert sdp.parse(again.body).audio("optional").theirs == ours, "nothing has changed"
    replayed = caller.srtp
    for _ in range(20):
        caller.say(bytes(160))
        time.sleep(0.02)
    assert wait_for(lambda: heard.count(Law.PCMU.decode(bytes(160))) > 10)

    caller.key = MasterKey.new(SUITE)
    renewed = caller.ask("UPDATE", caller.secure())
    assert sdp.parse(renewed.body).audio("optional").theirs == ours
    caller.agree(renewed.body)
    caller.say(bytes([1] * 160), replayed)  # sealed with the former key
    for _ in range(20):
        caller.say(bytes([2] * 160))
        time.sleep(0.02)
    assert wait_for(lambda: heard.count(Law.PCMU.decode(bytes([2] * 160))) > 10)
    assert Law.PCMU.decode(bytes([1] * 160)) not in heard
    caller.close()
    desk.stop()


def test_a_caller_with_another_key_than_agreed_is_not_heard_and_that_is_said() -> None:
    desk = Desk()
    caller = SecureCaller(desk.agent.port)
    caller.call(caller.secure())
    desk.event(CallAnswered)
    heard: list[bytes] = []
    desk.call().listen(lambda pcm, _at: heard.append(pcm))
    wrong = Srtp(Keys(MasterKey.new(SUITE), caller.key))
    until = time.monotonic() + 6
    while time.monotonic() < until:
        caller.say(bytes(range(160)), wrong)
        time.sleep(0.02)
    assert desk.event(Deaf).cause is DeafCause.NOT_AUTHENTIC
    assert not any(any(pcm) for pcm in heard), "never noise"
    caller.close()
    desk.stop()
