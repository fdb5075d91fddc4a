"""What the doctor says of encryption and of those around the site."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from screener.service import doctor, peers
from screener.settings.encryption import TlsSection
from screener.settings.sections import Registrar, Settings, Sip, Siprec, Targets, Webhook
from tests.sip.authority import DAY, Authority, Issued


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def section(authority: Authority, own: Issued | None = None, **keys: object) -> TlsSection:
    shown = {"certificate": str(own.certificate), "key": str(own.key)} if own else {}
    return TlsSection(authorities=str(authority.certificate), **shown, **keys)  # type: ignore[arg-type]


@contextmanager
def server(own: Issued, answer: bytes = b"") -> Iterator[int]:
    """Takes TLS connections, and answers the first bytes of each."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
                with context.wrap_socket(plain, server_side=True) as sock:
                    if answer and sock.recv(4096):
                        sock.sendall(answer)
                    else:
                        sock.recv(1)
            except ssl.SSLError:
                continue
            except OSError:
                if listener.fileno() < 0:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("days", "ok", "said"),
    [
        ((-9, -1), False, "expired on"),
        ((1, 90), False, "not valid before"),
        ((-1, 10), False, "expires on"),
        ((-1, 90), True, "good until"),
    ],
)
def test_our_certificate(authority: Authority, days: tuple[int, int], ok: bool, said: str) -> None:
    own = authority.issue("127.0.0.1", begins=days[0] * DAY, ends=days[1] * DAY)
    found = peers.check_certificates(section(authority, own), wanted=True)
    assert (found.ok, said in found.message) == (ok, True)
    assert ok or found.remedy == "renew it; it is taken without a restart"


def test_files_that_are_no_certificates(authority: Authority, tmp_path: Path) -> None:
    own, other = authority.issue("one"), authority.issue("other")
    mixed = section(authority, Issued(own.certificate, other.key))
    assert not peers.check_certificates(mixed, wanted=True).ok
    (tmp_path / "nothing.pem").touch()
    assert not peers.check_certificates(TlsSection(authorities=str(tmp_path / "nothing.pem")), wanted=True).ok
    assert peers.check_certificates(TlsSection(), wanted=False).ok


def test_keys_of_media_that_anybody_can_read() -> None:
    assert peers.check_encryption(Sip()).ok
    assert peers.check_encryption(Sip(srtp="off")).ok
    assert not peers.check_encryption(Sip(srtp="required")).ok
    assert peers.check_encryption(Sip(srtp="required", tls=TlsSection(only=True))).ok


def test_the_port_of_tls(authority: Authority) -> None:
    own = authority.issue("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = doctor.check_port(Sip(port=0, tls=section(authority, own, port=port)))
        assert not found.ok
        assert f"{port}/TLS" in found.message
        assert doctor.check_port(Sip(port=port, tcp=True, tls=section(authority, own, port=0, only=True))).ok


def target(authority: Authority, port: int, uri: str = "sips:agents@127.0.0.1:{}") -> Settings:
    return Settings(sip=Sip(tls=section(authority)), targets=Targets(agents=uri.format(port)))


def test_a_target_over_tls(authority: Authority) -> None:
    with server(authority.issue("127.0.0.1"), b"SIP/2.0 200 OK\r\n\r\n") as port:
        for uri in ("sips:agents@127.0.0.1:{}", "sip:agents@127.0.0.1:{};transport=tls"):
            (found,) = peers.check_targets(target(authority, port, uri))
            assert found.ok, found
    expired = authority.issue("127.0.0.1", begins=-9 * DAY, ends=-DAY)
    with server(expired) as port:
        (found,) = peers.check_targets(target(authority, port))
        assert not found.ok
        assert "certificate has expired" in found.message


def recording(**keys: object) -> Settings:
    return Settings(sip=Sip(recording_extension="rec"), siprec=Siprec(**keys))  # type: ignore[arg-type]


def test_who_is_who_in_recordings() -> None:
    assert peers.check_recording_clients(Settings()).ok
    found = peers.check_recording_clients(recording())
    assert not found.ok
    assert "[siprec] agents" in found.remedy
    assert peers.check_recording_clients(recording(agents=("2*",))).ok
    assert peers.check_recording_clients(recording(caller_label="1", agent_label="2")).ok


def webhook(authority: Authority, port: int, scheme: str = "https") -> Settings:
    return Settings(webhook=Webhook(f"{scheme}://127.0.0.1:{port}/x", "secret", ca=str(authority.certificate)))


def test_the_other_system(authority: Authority) -> None:
    assert peers.check_webhook(Settings()).ok
    assert "stay with their agent" in peers.check_webhook(recording()).message
    with server(authority.issue("127.0.0.1")) as port:
        assert peers.check_webhook(webhook(authority, port)).ok
        stranger = replace(webhook(authority, port), webhook=Webhook(f"https://127.0.0.1:{port}/x", "secret"))
        assert "TLS" in peers.check_webhook(stranger).message
        assert not peers.check_webhook(stranger).ok
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
        assert peers.check_webhook(webhook(authority, port, "http")).ok
    assert not peers.check_webhook(webhook(authority, port, "http")).ok


def test_a_key_that_others_can_read(authority: Authority, tmp_path: Path) -> None:
    own = authority.issue("127.0.0.1")
    tmp_path.chmod(0o700)
    settings = Settings(sip=Sip(tls=section(authority, own)), folder=tmp_path)
    look: Callable[[], peers.Check] = lambda: doctor.check_private(settings, None)  # noqa: E731
    assert look().ok
    own.key.chmod(0o644)
    tmp_path.chmod(0o755)
    assert str(own.key) in look().message


def test_a_registrar_whose_certificate_has_expired(authority: Authority) -> None:
    with server(authority.issue("127.0.0.1", begins=-9 * DAY, ends=-DAY)) as port:
        pbx = Registrar("127.0.0.1", "screener", port, password="x", transport="tls")
        sip = Sip(port=0, tls=section(authority), registrars=(pbx,))
        (found,) = doctor.check_registrations(sip, port_free=True, seconds=20)
    assert not found.ok
    assert "certificate has expired" in found.message
    assert found.remedy == "renew its certificate, or correct authorities and peer_name in [sip.tls]"
