"""Nothing in clear: Asterisk 22, baresip and the screener over TLS with client certificates and SRTP."""

import audioop  # part of Python before 3.13, the package audioop-lts after
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from screener.core.evidence import Kind, Treatment
from screener.events import Entrance
from tests.pbx.network import ASTERISK, PHONE, SCREENER, TRUNK, Network, Wiretap
from tests.pbx.rig import BESIDE, SECURE, Asterisk, Caller, Phone, Screener, doctor, secured
from tests.pbx.voices import hears_the_agent, hum, is_in, mulaw, prompt, said
from tests.sip.authority import DAY, Authority, Issued
from tests.waiting import wait_for

pytestmark = pytest.mark.pbx


class Site:
    """The encrypted example of deploy/asterisk, with keys of its own; the screener is started by the tests."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder, self.keys = network, folder, folder / "keys"
        self.keys.mkdir()
        self.authority = Authority(self.keys)
        self.authority.issue(ASTERISK, file="pbx")
        self.own = self.authority.issue(SCREENER, file="screener")
        phone = self.authority.issue(PHONE, file="phone")
        with phone.certificate.open("ab") as both:
            both.write(phone.key.read_bytes())
        self.asterisk = Asterisk(network, folder / "asterisk", replaced=secured(self.keys))
        self.phone = Phone(network, folder / "phone", self.keys)
        self.tap = Wiretap(network)
        self._screeners: list[Screener] = []
        self._callers: list[Caller] = []
        wait_for(lambda: self.asterisk.contact("agent1"), 10, "registration of the agent's phone over TLS")

    def encrypt(self, lines: str) -> None:
        """What the PBX wants of the screener's media from now on, in the place of SDES alone."""
        file = self.asterisk.home / "etc/pjsip_secure.conf"
        head, endpoint, rest = secured(self.keys)[file.name].partition("[screener](+type=endpoint)\n")
        file.write_text(f"{head}{endpoint}{rest.replace('media_encryption = sdes', lines, 1)}", "utf-8")
        self.asterisk.rx("module reload res_pjsip.so")

    def screener(self, own: Issued | None = None, *, registered: bool = True, srtp: str = "required") -> Screener:
        home = self.folder / f"screener{len(self._screeners)}"
        shutil.copytree(self.keys, home / "keys")
        if own is not None:
            shutil.copy(own.certificate, home / "keys/screener.pem")
            shutil.copy(own.key, home / "keys/screener.key")
        setting = {'srtp = "required"': f'srtp = "{srtp}"'}
        self._screeners.append(Screener(self.network, home, setting, shipped=SECURE))
        if registered:
            wait_for(lambda: self.asterisk.contact("screener") == "Avail", 15, "registration and OPTIONS over TLS")
        return self._screeners[-1]

    def call(self, speech: bytes, **options: object) -> Caller:
        home = self.folder / f"caller{len(self._callers)}"
        self._callers.append(Caller(self.network, home, speech, **options))  # type: ignore[arg-type]
        return self._callers[-1]

    def in_clear(self, words: bytes) -> bool:
        """Whether anything of SIP, or these words, can be read between the screener and the PBX."""
        ours = [p for p in list(self.tap.packets) if SCREENER in (p.source[0], p.target[0])]
        return any(p.is_sip for p in ours) or _said(words, self.tap, ASTERISK, SCREENER)

    def quiet(self) -> None:
        for caller in self._callers:
            caller.stop()
        self.phone.command("hangup")
        for screener in self._screeners:
            screener.stop()
        # However old the nonce is by now: a binding that stayed would stand for the next screener's.
        wait_for(lambda: not self.asterisk.contact("screener"), 10, "end of the registration")
        self.asterisk.rx("channel request hangup all")
        wait_for(lambda: not self.asterisk.channels(), 10, "quiet PBX")

    def stop(self) -> None:
        self.tap.stop()
        self.phone.stop()
        self.asterisk.stop()


def _said(words: bytes, tap: Wiretap, source: str, target: str) -> bool:
    """Whether these words went from one address to another in clear."""
    return any(is_in(words, stream) for stream in tap.streams(source, target))


@pytest.fixture(scope="module")
def a_site(lan: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(lan, tmp_path_factory.mktemp("secure"))
    yield site
    site.stop()


@pytest.fixture
def site(a_site: Site) -> Iterator[Site]:
    yield a_site
    a_site.quiet()


def test_screened_in_path_and_handed_to_an_agent(site: Site) -> None:
    screener = site.screener()
    words = said("enquiry")
    caller = site.call(words, number="13800002222")
    site.phone.answer(30, since=caller.started)
    wait_for(lambda: hears_the_agent(site.tap.heard_by(TRUNK)), 20, "agent's voice at the caller", every=0.5)
    time.sleep(len(words) / 8000 + 1)  # said once more from beginning to end
    site.phone.command("hangup")
    assert caller.wait(10) == 0
    wait_for(lambda: is_in(words, mulaw(site.phone.heard())), 10, "caller in what the agent heard", every=0.2)
    assert is_in(prompt("greeting"), site.tap.heard_by(TRUNK)), "the caller heard the greeting"
    assert screener.logged("13800002222", "genuine")["treatment"] == "none"
    assert not site.in_clear(words)
    assert not is_in(audioop.lin2ulaw(hum(1), 2), site.tap.heard_by(ASTERISK)), (
        "the agent's voice is encrypted too"
    )
    assert "unheard" not in screener.log
    found = doctor(site.network, screener.config)
    assert "TLS: our certificate is good until" in found.stdout
    assert f"target: {ASTERISK}:5060" in found.stdout, "the example names its targets without a transport"


def test_a_harasser_is_taken_away_from_the_agent_who_is_listened_to(site: Site) -> None:
    screener = site.screener()
    wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
    words = said("lewd")
    caller = site.call(words, number="13900007777", dialled=BESIDE)
    site.phone.answer(30, since=caller.started)
    legs = lambda: [line for line in site.asterisk.legs("screener") if "ChanSpy" in line]  # noqa: E731
    wait_for(lambda: len(legs()) == 2, 5, "two listening legs")
    site.phone.wait_event("CALL_CLOSED", 30, since=caller.started)
    call = screener.record("13900007777", "harassment")
    assert (call.entrance, call.kind, call.treatment) == (Entrance.BESIDE, Kind.LEWD, Treatment.ANALYSIS_QUEUE)
    assert not site.in_clear(words)


def test_a_certificate_is_renewed_while_a_caller_talks(site: Site) -> None:
    screener = site.screener()
    words = said("enquiry")
    caller = site.call(bytes([0xFF]) * 8000 + words, number="13800004444", loops=-1, dialled=BESIDE)
    site.phone.answer(30, since=caller.started)
    legs = lambda: [line for line in site.asterisk.legs("screener") if "ChanSpy" in line]  # noqa: E731
    wait_for(lambda: len(legs()) == 2, 5, "two listening legs")
    renewed = site.authority.issue(SCREENER, file="renewed", ends=300 * DAY)
    home = screener.home / "keys"
    shutil.copy(renewed.certificate, home / "screener.pem")
    shutil.copy(renewed.key, home / "screener.key")
    wait_for(lambda: "certificates taken anew" in screener.log, 45, "the new certificate", every=0.5)
    assert len(legs()) == 2, "both legs are up"
    site.asterisk.rx("pjsip qualify screener")
    wait_for(
        lambda: site.asterisk.contact("screener") == "Avail", 5, "an answer over the connection that was there"
    )
    site.phone.command("hangup")
    # Who says one sentence over and over for a minute is nobody's case: not flagged, not passed as genuine.
    assert screener.logged("13800004444", "undecided")["treatment"] == "none"


def test_an_expired_certificate_is_said_and_callers_reach_the_agents(site: Site) -> None:
    expired = site.authority.issue(SCREENER, file="expired", begins=-9 * DAY, ends=-DAY)
    screener = site.screener(expired, registered=False)
    assert "our certificate is expired on" in screener.log
    wait_for(lambda: f"{ASTERISK}: no TLS connection" in screener.log, 15, "refusal by the PBX")
    caller = site.call(said("enquiry"), number="13800005555")
    site.phone.answer(10, since=caller.started)
    wait_for(lambda: hears_the_agent(site.tap.heard_by(TRUNK)), 20, "agent's voice at the caller", every=0.5)
    found = doctor(site.network, screener.config)
    assert "is expired on" in found.stdout
    assert found.returncode == 1


BOTH = "media_encryption = sdes\nmedia_encryption_optimistic = yes"
"""RTP/AVP with keys: encrypted where the other side can."""
MUST, NEVER = "media_encryption = sdes", "media_encryption = no"


@pytest.mark.parametrize(
    ("wanted", "srtp", "encrypted"),
    [
        (BOTH, "optional", True),
        (BOTH, "required", True),
        (BOTH, "off", False),
        (MUST, "optional", True),
        (NEVER, "optional", False),
    ],
    ids=["both may", "the PBX may, we must", "we do not", "the PBX must, we may", "the PBX does not"],
)
def test_optional_encryption_is_used_where_both_can(site: Site, wanted: str, srtp: str, encrypted: bool) -> None:
    """Asterisk offers; what goes either way, caller to screener and screener to caller, is encrypted or is not."""
    site.encrypt(wanted)
    screener = site.screener(srtp=srtp)
    tap = Wiretap(site.network)
    try:
        words = said("enquiry")
        caller = site.call(words, number="13800006666")
        site.phone.answer(30, since=caller.started)
        site.phone.command("hangup")
        ours = lambda: [c for c in screener.calls() if c.number.endswith("13800006666")]  # noqa: E731
        assert wait_for(ours, 10, "the call in the log", every=0.5)[0].treatment is Treatment.NONE
        between = [p for p in tap.packets if {p.source[0], p.target[0]} == {ASTERISK, SCREENER}]
        assert any(p.source[0] == SCREENER for p in between) and any(p.source[0] == ASTERISK for p in between)
        assert not any(p.is_sip for p in between), "signalling is TLS in any case"
        assert _said(words, tap, ASTERISK, SCREENER) is not encrypted, "what the caller says"
        assert _said(prompt("greeting"), tap, SCREENER, ASTERISK) is not encrypted, "what we say"
        assert is_in(prompt("greeting"), tap.heard_by(TRUNK)), "the caller heard it"
    finally:
        tap.stop()
        site.encrypt(MUST)


def test_listening_legs_are_encrypted_where_both_can(site: Site) -> None:
    """Beside an agent both legs only hear: ChanSpy's voice to us is encrypted, and so is our silence."""
    site.encrypt(BOTH)
    screener = site.screener(srtp="optional")
    tap = Wiretap(site.network)
    try:
        wait_for(lambda: "logged in" in screener.log, 10, "login at the manager interface")
        words = said("lewd")
        caller = site.call(words, number="13900008888", dialled=BESIDE)
        site.phone.answer(30, since=caller.started)
        site.phone.wait_event("CALL_CLOSED", 30, since=caller.started)
        assert screener.record("13900008888", "harassment").treatment == Treatment.ANALYSIS_QUEUE
        assert [p for p in tap.packets if p.target[0] == SCREENER]
        assert not _said(words, tap, ASTERISK, SCREENER)
    finally:
        tap.stop()
        site.encrypt(MUST)


def test_a_pbx_that_cannot_encrypt_is_refused_where_we_must(site: Site) -> None:
    """The caller goes on to the agents, and nothing was said in clear."""
    site.encrypt(NEVER)
    screener = site.screener()
    tap = Wiretap(site.network)
    try:
        words = said("enquiry")
        caller = site.call(words, number="13800007777")
        site.phone.answer(30, since=caller.started)
        wait_for(lambda: hears_the_agent(site.tap.heard_by(TRUNK)), 20, "agent's voice at the caller", every=0.5)
        assert not [p for p in list(tap.packets) if p.target[0] == SCREENER and p.is_pcmu]
        assert not [c for c in screener.calls() if c.entrance is Entrance.IN_PATH]
        assert not any(c.segments for c in screener.calls()), "nor are the legs beside the agent taken"
    finally:
        tap.stop()
        site.encrypt(MUST)
