"""A time stamp of somebody else's on a package of evidence (RFC 3161): that it was there at a time, as it is.

An authority signs the sum of the manifest with its own clock; nothing but that sum leaves the site. The library is
an extra: `pip install 'screener[timestamp]'`.
"""

import hashlib
import ssl
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from screener.errors import InputError
from screener.outside.ask import ask
from screener.outside.files import reason_of

STAMP = "MANIFEST.tsr"
"""Beside the manifest; not named in it."""
SECONDS = 15.0
ANSWER_MOST = 1 << 20
REMEDY = "make it again later, or leave [evidence] timestamp_url empty"
_ANOTHER = "it answers another question"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a time stamp says.

    Attributes:
        at: aware.
        authority: the name of who signed; empty where it is not known who that is.
    """

    at: datetime
    authority: str


def stamp(manifest: bytes, url: str, ca: Path | None = None) -> bytes:
    """Have a manifest stamped.

    Args:
        manifest: whose SHA-256 sum is sent.
        url: of the authority; https or http, since what comes is signed.
        ca: certificates (PEM) of those who may have signed the authority's; None takes the machine's.

    Returns:
        the content of the file `STAMP`.

    Raises:
        InputError: it is not had.
    """
    library = _library()
    question = library.TimestampRequestBuilder().data(manifest).hash_algorithm(library.HashAlgorithm.SHA256)
    question = question.nonce(nonce=True).cert_request(cert_request=True).build()
    head = {"Content-Type": "application/timestamp-query"}
    asked = urllib.request.Request(url, question.as_bytes(), head, method="POST")  # noqa: S310 - as the settings check
    try:
        said = ask(asked, SECONDS, ANSWER_MOST)
        response = library.decode_timestamp_response(said)
        if response.status == 0 and response.tst_info.nonce != question.nonce:
            raise ValueError(_ANOTHER)
    except (OSError, ValueError) as problem:
        raise InputError(f"{url}: no time stamp was had ({_reason(problem)})", REMEDY) from problem
    if isinstance(wrong := read(manifest, said, ca), str):
        raise InputError(f"{url}: no time stamp was had ({wrong})", REMEDY)
    return said


def read(manifest: bytes, said: bytes, ca: Path | None = None) -> Stamp | str:
    """What the time stamp of a manifest says, or what is wrong with it.

    Raises:
        InputError: the library is not there, or `ca` cannot be read.
    """
    library = _library()
    try:
        response = library.decode_timestamp_response(said)
        verifier = library.VerifierBuilder()
        for root in _roots(ca):
            verifier = verifier.add_root_certificate(root)
        sum_of_it = response.tst_info.message_imprint.message
        if sum_of_it != hashlib.sha256(manifest).digest():
            return "it is none of this manifest"
        verifier.build().verify_message(response, manifest)
    except (library.VerificationError, ValueError):
        return "it is not signed by an authority that is known here"
    info = response.tst_info
    name = info.name.value.rfc4514_string() if isinstance(info.name, x509.DirectoryName) else ""
    return Stamp(info.gen_time, name)


def _reason(problem: Exception) -> str:
    """Why nothing was had, in words of ours: a library's own are English."""
    if isinstance(problem, OSError):
        return reason_of(problem)
    return _ANOTHER if str(problem) == _ANOTHER else "the answer is no time stamp"


def _roots(ca: Path | None) -> Iterable[x509.Certificate]:
    """Certificates that are trusted, each once."""
    if ca is None:
        machine = ssl.create_default_context().get_ca_certs(binary_form=True)
        return list(dict.fromkeys(x509.load_der_x509_certificate(data) for data in machine))
    try:
        return list(dict.fromkeys(x509.load_pem_x509_certificates(ca.read_bytes())))
    except (OSError, ValueError) as problem:
        reason = reason_of(problem) if isinstance(problem, OSError) else "no certificate in PEM form"
        raise InputError(f"{ca}: no certificates in PEM ({reason})", "name the authority's file") from problem


def _library() -> Any:  # noqa: ANN401 - an extra
    try:
        import rfc3161_client
    except ImportError as problem:
        remedy = "pip install 'screener[timestamp]'"
        raise InputError("time stamps need the library rfc3161-client", remedy) from problem
    return rfc3161_client
