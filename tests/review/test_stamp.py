"""A time stamp of an authority of the tests' own (openssl), asked over HTTP as a real one is."""

import contextlib
import shutil
import socketserver
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from screener.cli import cli
from screener.errors import InputError
from screener.review.stamp import STAMP, Stamp, read, stamp
from screener.store.log import open_log
from tests.console.written import flagged

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
MANIFEST = b"0" * 64 + b"  cover.html\n"
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ordering = no
tsa_name = yes
ess_cert_id_chain = no
[stamping]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
authorityKeyIdentifier = keyid
"""


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@dataclass
class Authority:
    url: str
    ca: Path
    broken: str = ""


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    (tmp_path / "c").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "serial").write_text("01\n")
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        tmp_path, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
        "-subj", "/CN=tests root", "-addext", "basicConstraints=critical,CA:true",
        "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    openssl(tmp_path, "req", "-new", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tests clock")
    openssl(
        tmp_path, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "30", "-extfile", "c", "-extensions", "stamping", "-out", "tsa.pem",
    )  # fmt: skip
    made = Authority("", tmp_path / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            (tmp_path / "q").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            reply = ("-signer", "tsa.pem", "-inkey", "tsa.key", "-config", "c", "-section", "here", "-out", "r")
            openssl(tmp_path, "ts", "-reply", "-queryfile", made.broken or "q", *reply)
            answer = (tmp_path / "r").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/tsa"
    yield made
    server.shutdown()
    server.server_close()


def test_a_manifest_is_stamped_and_anybody_can_check_it(authority: Authority) -> None:
    said = stamp(MANIFEST, authority.url, authority.ca)
    found = read(MANIFEST, said, authority.ca)
    assert isinstance(found, Stamp) and found.at.tzinfo is not None and "tests clock" in found.authority
    assert read(MANIFEST + b"x", said, authority.ca) == "it is none of this manifest"
    for place in (len(said) - 3, len(said) // 2):
        broken = bytearray(said)
        broken[place] ^= 1
        assert not isinstance(read(MANIFEST, bytes(broken), authority.ca), Stamp)
    assert "not signed by an authority" in str(read(MANIFEST, said)), "the machine knows no such authority"
    assert not isinstance(read(MANIFEST, b"junk", authority.ca), Stamp)


def test_no_stamp_is_taken_that_answers_another_question(authority: Authority) -> None:
    stamp(MANIFEST, authority.url, authority.ca)
    (authority.ca.parent / "old").write_bytes((authority.ca.parent / "q").read_bytes())
    authority.broken = "old"
    with pytest.raises(InputError, match="another question"):
        stamp(MANIFEST, authority.url, authority.ca)


def test_an_authority_that_is_away_or_unknown_is_said(authority: Authority) -> None:
    with pytest.raises(InputError, match="no time stamp was had"):
        stamp(MANIFEST, "http://127.0.0.1:9/tsa", authority.ca)
    with pytest.raises(InputError, match="not signed by an authority that is known here"):
        stamp(MANIFEST, authority.url)
    (authority.ca.parent / "no.pem").write_text("x")
    with pytest.raises(InputError, match="no certificates in PEM"):
        stamp(MANIFEST, authority.url, authority.ca.parent / "no.pem")


def test_a_package_is_stamped_when_it_is_made_and_verify_says_so(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "ua.wav").write_bytes(b"RIFF")
    (tmp_path / "screener.toml").write_text(
        f'[store]\nurl = "sqlite:///log.db"\n[evidence]\ntimestamp_url = "{authority.url}"\n'
        'timestamp_ca = "ca.pem"\nrecordings = "recordings"\n'
    )
    log = open_log("sqlite:///log.db", tmp_path)
    log.write([flagged("a", 0)])
    log.close()

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, ["--lang", "en", "calls", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    run("export", "a", "-o", "case.zip")
    with zipfile.ZipFile("case.zip") as package:
        assert package.read("calls/a/audio.wav") == b"RIFF"
        assert STAMP in package.namelist() and STAMP.encode() not in package.read("MANIFEST.sha256")
        files = {name: package.read(name) for name in package.namelist()}
    told = run("verify", "case.zip", "--tsa-ca", "ca.pem")
    assert "stamped at 20" in told and "tests clock" in told
    assert f"{len(files) - 3} files" in told
    assert "name its authority with --tsa-ca" in run("verify", "case.zip", code=1)
    files[STAMP] = stamp(b"another", authority.url, authority.ca)
    with zipfile.ZipFile("other.zip", "w") as package:
        for name, data in files.items():
            package.writestr(name, data)
    assert "it is none of this manifest" in run("verify", "other.zip", "--tsa-ca", "ca.pem", code=1)


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that says just that, whatever it is asked; its URL."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"\x30\x80" * 5000,
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes.fromhex("30053003020100"),
    ],
)
def test_an_authority_that_answers_anything_is_a_clear_error(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(InputError, match="no time stamp was had"):
        stamp(MANIFEST, url)


def test_an_authority_leads_nobody_elsewhere(authority: Authority) -> None:
    led = f"HTTP/1.1 302 Found\r\nLocation: {authority.url}\r\n\r\n".encode()
    with answering(led) as url, pytest.raises(InputError, match="no time stamp was had"):
        stamp(MANIFEST, url, authority.ca)
    assert not (authority.ca.parent / "q").exists()


def test_a_certificate_for_something_else_stamps_nothing(authority: Authority) -> None:
    folder = authority.ca.parent
    said = stamp(MANIFEST, authority.url, authority.ca)
    (folder / "web").write_text("[web]\nbasicConstraints = critical,CA:false\nextendedKeyUsage = serverAuth\n")
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "30", "-extfile", "web", "-extensions", "web", "-out", "web.pem",
    )  # fmt: skip
    granted = bytes.fromhex("3003020100")
    (folder / "real").write_bytes(said[said.index(granted) + len(granted) :])
    openssl(folder, "cms", "-verify", "-noverify", "-inform", "DER", "-in", "real", "-out", "info")
    openssl(
        folder, "cms", "-sign", "-binary", "-nodetach", "-in", "info", "-signer", "web.pem", "-inkey", "tsa.key",
        "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-cades", "-outform", "DER", "-out", "t",
    )  # fmt: skip
    token = (folder / "t").read_bytes()
    body = granted + token
    forged = b"\x30\x82" + len(body).to_bytes(2) + body
    told = read(MANIFEST, forged, authority.ca)
    assert isinstance(told, str) and "not signed by an authority" in told
