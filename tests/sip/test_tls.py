"""SIP over TLS: calls, who is believed, certificates that are renewed or expire while calls are up."""

import contextlib
import os
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from screener.errors import SettingsError, SipError
from screener.events import CallAnswered, CallEnded
from screener.settings.encryption import TlsSection
from screener.settings.load import parse as settings_of
from screener.settings.sections import Registrar
from screener.sip import certificates
from screener.sip.address import Uri
from screener.sip.framing import SipFramer
from screener.sip.message import Request, parse, respond
from screener.sip.transport import TcpAddress, TlsAddress, next_address
from tests.sip.authority import DAY, Authority, Issued
from tests.sip.caller import Caller, Desk, StreamCaller, in_background
from tests.waiting import WAIT, wait_for


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def section(authority: Authority, own: Issued | None, **keys: object) -> TlsSection:
    shown = {"certificate": str(own.certificate), "key": str(own.key)} if own else {}
    return TlsSection(port=0, authorities=str(authority.certificate), **shown, **keys)  # type: ignore[arg-type]


def trusting(authority: Authority, own: Issued | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    if own:
        context.load_cert_chain(own.certificate, own.key)
    return context


class TlsCaller(StreamCaller):
    """The same caller over one TLS connection."""

    transport = "TLS"

    def __init__(self, port: int, context: ssl.SSLContext, scheme: str = "sip") -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        super().__init__(port, context.wrap_socket(plain, server_hostname="127.0.0.1"))
        self.uri = self.uri.replace("sip:", f"{scheme}:")
        self._scheme = scheme

    def request(self, method, *args, **extra):
        request = super().request(method, *args, **extra)
        contact = request.headers.get("Contact").replace("<sip:", f"<{self._scheme}:")
        request.headers.replace("Contact", [contact])
        return request


def port_of(desk: Desk) -> int:
    return desk.agent._phone.sip.wire.tls_port


@pytest.mark.parametrize("scheme", ["sip", "sips"])
def test_a_call_over_tls(authority: Authority, scheme: str) -> None:
    desk = Desk(tls=section(authority, authority.issue("127.0.0.1")))
    caller = TlsCaller(port_of(desk), trusting(authority), scheme)
    response = caller.call()
    assert response.status == 200
    contact = response.headers.get("Contact")
    assert contact == f"<{scheme}:100@127.0.0.1:{port_of(desk)};transport=tls>"
    assert desk.event(CallAnswered)
    desk.call().hangup()
    bye = caller.wait_request("BYE")
    assert bye.via.transport == "TLS"
    assert (bye.via.host, bye.via.port) == ("127.0.0.1", port_of(desk))
    caller.send(respond(bye, 200))
    assert desk.event(CallEnded)
    caller.close()
    desk.stop()


def test_a_long_message_in_many_records(authority: Authority) -> None:
    desk = Desk(tls=section(authority, authority.issue("127.0.0.1")))
    caller = TlsCaller(port_of(desk), trusting(authority))
    request = caller.request("OPTIONS", X_Long="x" * 3900, X_More="y" * 3900, X_Yet="z" * 3900)
    data = request.serialize()
    for start in range(0, len(data), 1000):
        caller.sip.sendall(data[start : start + 1000])
    assert caller.final("OPTIONS").status == 200
    caller.sip.sendall(caller.request("OPTIONS").serialize() * 1 + b"\r\n\r\n")
    assert caller.final("OPTIONS").status == 200
    caller.close()
    desk.stop()


@pytest.mark.parametrize("proven", [True, False])
def test_who_connects_must_show_a_certificate_where_that_is_asked(authority: Authority, proven: bool) -> None:
    desk = Desk(tls=section(authority, authority.issue("127.0.0.1"), client_certificates=True))
    try:
        caller = TlsCaller(port_of(desk), trusting(authority, authority.issue("pbx") if proven else None))
        caller.send(caller.request("OPTIONS"))
        answered = caller.final("OPTIONS").status == 200
        caller.close()
    except (OSError, AssertionError):
        answered = False
    assert answered == proven
    desk.stop()


def test_only_tls_is_taken_where_nothing_else_is_wanted(authority: Authority) -> None:
    desk = Desk(tcp=True, tls=section(authority, authority.issue("127.0.0.1"), only=True))
    port = port_of(desk)
    assert desk.agent.port == port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.5)
        udp.connect(("127.0.0.1", port))
        with pytest.raises(OSError, match=r"refused|timed out"):
            udp.send(Caller(port).request("OPTIONS").serialize())
            udp.recv(1000)
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as tcp:
        tcp.sendall(Caller(port).request("OPTIONS").serialize())
        with contextlib.suppress(ConnectionError):
            assert b"SIP/2.0" not in tcp.recv(1000), "an alert of TLS at most"
    caller = TlsCaller(port, trusting(authority))
    assert caller.ask("OPTIONS").status == 200
    caller.close()
    desk.stop()


def test_a_renewed_certificate_is_taken_and_calls_go_on(authority: Authority, monkeypatch) -> None:
    monkeypatch.setattr("screener.sip.tls.LOOK_SECONDS", 0.1)
    own = authority.issue("127.0.0.1", file="own")
    desk = Desk(tls=section(authority, own))
    caller = TlsCaller(port_of(desk), trusting(authority))
    assert caller.call().status == 200
    before = caller.sip.getpeercert()
    own.key.write_text("half of it")
    os.utime(own.certificate)
    time.sleep(0.3)
    assert shown(desk, authority) == before, "what cannot be taken changes nothing"
    authority.issue("127.0.0.1", file="own", ends=20 * DAY)
    assert wait_for(lambda: shown(desk, authority) != before)
    assert caller.ask("INFO").status == 200, "over the connection that was there"
    assert desk.events.empty() or desk.event(CallAnswered)
    desk.call().hangup()
    caller.send(respond(caller.wait_request("BYE"), 200))
    caller.close()
    desk.stop()


def shown(desk: Desk, authority: Authority) -> object:
    plain = socket.create_connection(("127.0.0.1", port_of(desk)), timeout=WAIT)
    with trusting(authority).wrap_socket(plain, server_hostname="127.0.0.1") as sock:
        return sock.getpeercert()


def test_an_expired_certificate_of_ours_is_said(authority: Authority, caplog) -> None:
    own = authority.issue("127.0.0.1", begins=-9 * DAY, ends=-DAY)
    desk = Desk(tls=section(authority, own))
    assert "our certificate is expired on" in caplog.text
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        TlsCaller(port_of(desk), trusting(authority))
    samples = {sample.name: sample.value for sample in desk.agent.samples()}
    assert samples["tls_certificate_seconds"] < 0
    desk.stop()


def test_the_log_says_once_a_day_that_a_certificate_ends(authority: Authority, caplog) -> None:
    own = authority.issue("127.0.0.1", ends=10 * DAY)
    now = datetime.now(UTC)
    contexts = certificates.Contexts(section(authority, own), now)
    for hour in range(72):
        contexts.look(now + timedelta(hours=hour))
    assert caplog.text.count("our certificate expires on") in (3, 4)
    contexts.look(now + timedelta(days=11))
    assert "our certificate is expired on" in caplog.text


@pytest.mark.parametrize("file", ["certificate", "key"])
def test_files_that_cannot_be_used_are_said(authority: Authority, file: str) -> None:
    own = authority.issue("127.0.0.1")
    getattr(own, file).write_text("nothing")
    with pytest.raises(SipError, match="TLS"):
        Desk(tls=section(authority, own))


class Pbx:
    """A registrar over TLS that accepts everybody."""

    def __init__(self, authority: Authority, own: Issued, *, client: bool = False) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(own.certificate, own.key)
        if client:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(authority.certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.requests: list[Request] = []
        in_background(self._serve)

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
                sock = self.context.wrap_socket(plain, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            in_background(lambda sock=sock: self._talk(sock))

    def _talk(self, sock: ssl.SSLSocket) -> None:
        framer = SipFramer()
        while data := sock.recv(4096):
            for message in framer.feed(data):
                request = parse(message)
                assert isinstance(request, Request)
                self.requests.append(request)
                response = respond(request, 200, tag="r")
                response.headers.add("Contact", request.headers.get("Contact"))
                sock.sendall(response.serialize())


class Closing(Pbx):
    """One that hears a request and closes the connection."""

    def _talk(self, sock: ssl.SSLSocket) -> None:
        sock.recv(4096)
        sock.close()


def at(registrar: Pbx) -> Registrar:
    return Registrar("127.0.0.1", "screener", registrar.port, password="x", transport="tls")


def test_registration_over_tls_with_a_certificate_of_ours(authority: Authority) -> None:
    pbx = Pbx(authority, authority.issue("127.0.0.1", file="pbx"), client=True)
    own = authority.issue("127.0.0.1", file="own")
    desk = Desk(tls=section(authority, own), registrars=(at(pbx),))
    assert wait_for(lambda: all(state.registered for state in desk.agent.registrations()))
    register = pbx.requests[0]
    assert register.via.transport == "TLS"
    assert f"<sip:100@127.0.0.1:{port_of(desk)};transport=tls>" in register.headers.get("Contact")
    desk.stop()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"begins": -9 * DAY, "ends": -DAY}, "certificate has expired"),
        ({"name": "another.example"}, "mismatch"),
        ({"stranger": True}, "unable to get local issuer"),
    ],
)
def test_a_pbx_that_cannot_prove_who_it_is_gets_no_registration(
    authority: Authority, tmp_path: Path, made: dict, why: str
) -> None:
    signer = Authority(tmp_path, "stranger") if made.pop("stranger", False) else authority
    pbx = Pbx(authority, signer.issue(made.pop("name", "127.0.0.1"), file="pbx", **made))
    desk = Desk(tls=section(authority, None), registrars=(at(pbx),))
    assert wait_for(lambda: why in desk.agent.registrations()[0].problem), desk.agent.registrations()
    assert not desk.agent.registrations()[0].registered
    assert not pbx.requests
    desk.stop()


def test_a_pbx_that_lets_us_in_and_closes_is_said(authority: Authority) -> None:
    """So does Asterisk with who shows a certificate that has expired: TLS 1.3 lets the client in first."""
    pbx = Closing(authority, authority.issue("127.0.0.1", file="pbx"))
    desk = Desk(tls=section(authority, None), registrars=(at(pbx),))
    assert wait_for(lambda: "closed without a word" in desk.agent.registrations()[0].problem)
    desk.stop()


def test_a_pbx_with_the_name_that_the_settings_say_is_believed(authority: Authority) -> None:
    pbx = Pbx(authority, authority.issue("pbx.example", file="pbx"))
    desk = Desk(tls=section(authority, None, peer_name="pbx.example"), registrars=(at(pbx),))
    assert wait_for(lambda: desk.agent.registrations()[0].registered)
    desk.stop()


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:a@192.0.2.1", ("192.0.2.1", 5060)),
        ("sip:a@192.0.2.1;transport=tcp", TcpAddress(("192.0.2.1", 5060))),
        ("sip:a@192.0.2.1;transport=TLS", TlsAddress(("192.0.2.1", 5061))),
        ("sips:a@192.0.2.1", TlsAddress(("192.0.2.1", 5061))),
        ("sips:a@192.0.2.1:5071;transport=tcp", TlsAddress(("192.0.2.1", 5071))),
        ("sip:a@[2001:db8::1]:5071;transport=tls", TlsAddress(("2001:db8::1", 5071))),
    ],
)
def test_where_a_request_goes(uri: str, address: tuple[str, int]) -> None:
    found = next_address(Uri.parse(uri))
    assert (found, type(found)) == (address, type(address))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[sip.tls]\ncertificate = "no.pem"\nkey = "no.key"', "existing PEM file"),
        ('[sip.tls]\ncertificate = "cert.pem"', "both or neither"),
        ("[sip.tls]\nclient_certificates = true", "who signs clients' certificates"),
        ("[sip.tls]\nonly = true", "with a certificate, or with a registrar"),
        ('[sip.tls]\nonly = true\n[[sip.registrars]]\nhost = "x"\nusername = "y"', 'transport = "tls"'),
        ('[sip]\nsrtp = "always"', "off, optional or required"),
        ('[sip.tls]\ncertificat = "x"', "[sip.tls] certificat: found an unknown key"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "cert.pem").touch()
    with pytest.raises(SettingsError) as raised:
        settings_of(text, tmp_path / "screener.toml")
    assert problem in raised.value.message


def test_paths_are_those_of_the_settings_folder(tmp_path: Path) -> None:
    (tmp_path / "c.pem").touch()
    (tmp_path / "c.key").touch()
    found = settings_of('[sip.tls]\ncertificate = "c.pem"\nkey = "c.key"', tmp_path / "screener.toml").sip.tls
    assert found == replace(TlsSection(), certificate=str(tmp_path / "c.pem"), key=str(tmp_path / "c.key"))
