"""baresip calls the user agent itself over TLS and SRTP, no PBX between: a site's own phone has its address."""

import audioop  # part of Python before 3.13, the package audioop-lts after
from pathlib import Path

import pytest

from screener.core.actions import Prompt
from screener.events import CallAnswered, CallEnded, PlaybackEnded
from screener.media.prompts import load_clips
from screener.settings.encryption import TlsSection
from tests.pbx.network import PHONE, SCREENER, Network, Wiretap
from tests.pbx.rig import Phone
from tests.pbx.voices import hears_the_agent, hum, is_in, mulaw, prompt
from tests.sip.authority import Authority
from tests.sip.caller import Desk
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The authority's certificate, the screener's, and the phone's with its key."""
    authority = Authority(tmp_path)
    authority.issue(SCREENER, file="screener")
    phone = authority.issue(PHONE, file="phone")
    with phone.certificate.open("ab") as both:
        both.write(phone.key.read_bytes())
    return tmp_path


@pytest.mark.parametrize("medium", ["srtp", "srtp-mand", ""])
def test_baresip_calls_the_user_agent_itself(lan: Network, keys: Path, tmp_path: Path, medium: str) -> None:
    """Optional SRTP (RTP/AVP with keys), mandatory (RTP/SAVP), and none, which is refused."""
    own, authority = keys / "screener", str(keys / "ca.pem")
    tls = TlsSection(f"{own}.pem", f"{own}.key", 5061, authority, client_certificates=True, only=True)
    heard = bytearray()
    peers = PHONE, SCREENER  # baresip connects from whatever address the kernel gives it
    with lan.entered():  # its threads, and so their sockets, stay there
        desk = Desk(host=SCREENER, peers=peers, srtp="required", tls=tls)
    encryption = f";mediaenc={medium}" if medium else ""
    account = f"<sip:caller@{PHONE};transport=tls>;regint=0{encryption}"
    phone = Phone(lan, tmp_path / "phone", keys, account)
    tap = Wiretap(lan)
    try:
        phone.command("dial", f"sip:100@{SCREENER}:5061;transport=tls")
        if not medium:
            phone.wait_event("CALL_CLOSED", 10)
            (why,) = [str(event.get("param")) for _, event in phone.events if event.get("type") == "CALL_CLOSED"]
            assert why.startswith("488")
            assert desk.calls.empty()
            return
        desk.event(CallAnswered)
        call = desk.call()
        call.listen(lambda pcm, _at: heard.extend(audioop.lin2ulaw(pcm, 2)))
        call.play([(load_clips()[Prompt.GREETING], None)])
        desk.event(PlaybackEnded)
        wait_for(lambda: hears_the_agent(bytes(heard)), 20, "the phone's voice", every=0.2)
        phone.command("hangup")
        desk.event(CallEnded)
        assert not is_in(prompt("greeting"), tap.heard_by(PHONE)), "not in clear"
        assert not is_in(audioop.lin2ulaw(hum(1), 2), tap.heard_by(SCREENER))
        phone.stop()
        assert is_in(prompt("greeting"), mulaw(phone.heard()))
    finally:
        tap.stop()
        phone.stop()
        desk.stop()
