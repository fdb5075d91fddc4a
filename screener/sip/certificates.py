"""Certificates of SIP over TLS: how long they are good, and the contexts that connections are made with.

A site's certificates are renewed while calls go on: the files are looked at now and then, and connections that
begin later take the new ones.
"""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from screener.errors import SipError
from screener.settings.encryption import TlsSection

log = logging.getLogger(__name__)

SOON = timedelta(days=14)
"""A certificate that ends within it wants to be renewed: whoever renews by itself has done so long before."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What matters of a certificate.

    Attributes:
        subject: whose it is.
        begins, ends: aware UTC.
    """

    subject: str
    begins: datetime
    ends: datetime

    def problem(self, now: datetime) -> str:
        """Why it cannot be used at that time; empty when it can."""
        if now >= self.ends:
            return f"expired on {self.ends:%Y-%m-%d %H:%M} UTC"
        return f"not valid before {self.begins:%Y-%m-%d %H:%M} UTC" if now < self.begins else ""

    def ends_soon(self, now: datetime) -> bool:
        """Whether it wants to be renewed."""
        return now + SOON >= self.ends


def read(path: Path) -> Certificate:
    """The first certificate of a PEM file: the one that is shown, before those of who has signed it.

    Raises:
        SipError: there is none.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
        return of(found)
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "no certificate in PEM form"
        raise SipError(f"{path}: {why}", "correct [sip.tls] certificate") from problem


def of(found: x509.Certificate) -> Certificate:
    """What matters of it."""
    names = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    subject = str(names[0].value) if names else found.subject.rfc4514_string()
    return Certificate(subject, found.not_valid_before_utc, found.not_valid_after_utc)


def server_context(tls: TlsSection) -> ssl.SSLContext:
    """For connections that others open.

    Raises:
        SipError: certificate, key or authorities cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _fill(context, tls)
    if tls.client_certificates:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: TlsSection) -> ssl.SSLContext:
    """For connections of ours: the other end must show a certificate that we can believe.

    Raises:
        SipError: certificate, key or authorities cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _fill(context, tls)
    return context


def _fill(context: ssl.SSLContext, tls: TlsSection) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")  # never asks at the terminal
        if tls.authorities:
            context.load_verify_locations(tls.authorities)
        else:
            context.load_default_certs()
    except (OSError, ValueError) as problem:  # SSLError is one
        said = problem.strerror if isinstance(problem, OSError) and not isinstance(problem, ssl.SSLError) else ""
        files = ", ".join(name for name in (tls.certificate, tls.key, tls.authorities) if name)
        raise SipError(
            f"TLS: {said or 'no certificate with its key in PEM form'} ({files})",
            "correct certificate, key and authorities in [sip.tls]",
        ) from problem


class Contexts:
    """Both contexts, made anew when their files have changed.

    Args:
        tls: the section; its paths are absolute.
        now: the wall clock, aware UTC.

    Raises:
        SipError: certificate, key or authorities cannot be used.
    """

    def __init__(self, tls: TlsSection, now: datetime) -> None:
        self._tls = tls
        self._seen = self._stamps()
        self._take()
        self._said: str = ""
        self.look(now)

    def look(self, now: datetime) -> None:
        """Take files that have changed; say it once a day when our certificate has expired, or soon will."""
        if (stamps := self._stamps()) != self._seen:
            try:
                self._take()
            except SipError as problem:  # half written: the former ones serve until it is whole
                log.error("certificates cannot be taken, the former ones serve on: %s", problem.message)
            else:
                self._seen, self._said = stamps, ""
                log.info("certificates taken anew; calls and connections that are up go on")
        today = f"{now:%Y-%m-%d}"
        if self.own is None or self._said == today:
            return
        self._said = today
        if wrong := self.own.problem(now):
            log.error("our certificate is %s; peers refuse us. Renew %s", wrong, self._tls.certificate)
        elif self.own.ends_soon(now):
            log.warning(
                "our certificate expires on %s; renew %s", f"{self.own.ends:%Y-%m-%d}", self._tls.certificate
            )

    def _take(self) -> None:
        server = server_context(self._tls) if self._tls.certificate else None
        client = client_context(self._tls)
        own = read(Path(self._tls.certificate)) if self._tls.certificate else None
        self.server, self.client, self.own = server, client, own

    def _stamps(self) -> Sequence[tuple[int, int, int]]:
        """What changes with a file, even with one that is put in the place of another."""
        found = []
        for name in (self._tls.certificate, self._tls.key, self._tls.authorities):
            try:
                stat = Path(name).stat() if name else None
            except OSError:
                stat = None
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat else (0, 0, 0))
        return found


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
