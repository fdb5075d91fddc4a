"""The site's signature on a package of evidence: Ed25519 over its manifest.

The sums of a manifest say that nothing was changed since it was made; the signature says who made it. The key is
the site's own file, made when it is first needed; whoever checks must have its fingerprint from elsewhere.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from screener.errors import InputError
from screener.numbers.mask import Masker
from screener.outside.files import write_private
from screener.outside.objects import read_object
from screener.settings.sections import Settings

SIGNATURE = "MANIFEST.sig"
"""Beside the manifest; not named in it."""
_MASKS = b"screener masked numbers v1\n"
"""What the key is asked for masks with; it signs no such thing."""
_ABOUT = b"screener evidence manifest v1\n"
"""Before what is signed, so that the key's signature on anything else is none of a manifest."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Who signed.

    Attributes:
        public: the key, 32 bytes.
    """

    public: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in groups that can be read out."""
        digest = hashlib.sha256(self.public).hexdigest()[:32]
        return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def site_key(path: Path) -> Ed25519PrivateKey:
    """The site's key; made, for its owner alone, where there is none.

    Raises:
        InputError: the file is no Ed25519 key, or cannot be read or written.
    """
    try:
        if not path.exists():
            made = Ed25519PrivateKey.generate()
            write_private(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), new=True)
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as problem:
        remedy = "set [evidence] key to a file that whoever makes packages may read"
        raise InputError(f"{path}: the signing key cannot be used ({problem.strerror})", remedy) from problem
    except (ValueError, TypeError) as problem:
        raise InputError(f"{path}: not an Ed25519 key", "move it away; a new one is made") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: not an Ed25519 key", "move it away; a new one is made")
    return key


def masking_key(path: Path) -> bytes:
    """The key of the masks of this site's numbers (`numbers.mask.Masker`).

    It is drawn from the site's own, so that a number looks the same in every report. Where there is none yet, or
    whoever asks may not read it, it holds for this run alone.
    """
    if not os.access(path, os.R_OK):
        return secrets.token_bytes(32)
    private = site_key(path).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return hmac.digest(private, _MASKS, hashlib.sha256)


def masker_of(settings: Settings) -> Masker:
    """What hides the middle of this site's phone numbers."""
    return Masker(masking_key(settings.folder / settings.evidence.key))


def seal_of(key: Ed25519PrivateKey) -> Seal:
    """What others know the key by."""
    return Seal(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def sign(manifest: bytes, key: Ed25519PrivateKey) -> bytes:
    """The content of the signature file."""
    data = {
        "algorithm": "Ed25519",
        "public_key": base64.b64encode(seal_of(key).public).decode(),
        "signature": base64.b64encode(key.sign(_ABOUT + manifest)).decode(),
    }
    return (json.dumps(data, indent=1) + "\n").encode()


def check(manifest: bytes, signature: bytes) -> Seal | None:
    """Who signed a manifest; None when the signature is none of it."""
    try:
        data = read_object(signature)
        public = base64.b64decode(data["public_key"], validate=True)
        signed = base64.b64decode(data["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signed, _ABOUT + manifest)
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature):
        return None
    return Seal(public)
