"""Whether a package of evidence is what it was when it was made, as far as that can be told.

Whoever changes a file can make the manifest and its signature anew with another key: only the sum or the
fingerprint that was written down when the package was made tells, or the access record of the site.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from screener.review.dossier import COVER, MANIFEST, UNLISTED
from screener.review.files import ALTERED, FoundPackage
from screener.review.package import is_on_record
from screener.review.seal import SIGNATURE, Seal, check
from screener.review.stamp import STAMP, Stamp
from screener.review.stamp import read as read_stamp
from screener.store.log import CallLog

LEAST = (COVER,)
"""What is in every package, besides a call."""
_SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at a package found.

    Attributes:
        problems: in English, as `words.told` knows them; none when all is well.
        files: that the manifest names.
        sum: of the manifest.
        seal: who signed; None when nobody did.
        stamp: when somebody else saw it; None without a time stamp that holds.
    """

    problems: tuple[str, ...]
    files: int
    sum: str
    seal: Seal | None
    stamp: Stamp | None


def verify(
    read: FoundPackage, told: str = "", key: str = "", authority: Path | None = None, log: CallLog | None = None
) -> Verified:
    """Check a package.

    Args:
        read: as it was found.
        told: the sum of the manifest as it was written down elsewhere; empty when it was not.
        key: likewise the fingerprint of the site's key.
        authority: certificates (PEM) of those whose time stamps are trusted; None takes the machine's.
        log: whose access record must have the sum.

    Raises:
        InputError: the certificates cannot be read.
        StoreError: the database failed.
    """
    found = problems(read.manifest, read.sums, told)
    seal = sealed(read.manifest, read.signature)
    found += [f"{name}: changed" for name in (*UNLISTED, MANIFEST) if read.sums.get(name) == ALTERED]
    if seal is None and SIGNATURE not in read.sums:
        found.append(f"{SIGNATURE}: missing")
    elif seal is None:
        found.append(f"{SIGNATURE}: none of this manifest")
    elif key and key.replace(" ", "").lower() != seal.fingerprint.replace(" ", ""):
        found.append(f"{SIGNATURE}: by another key, {seal.fingerprint}")
    digest = hashlib.sha256(read.manifest or b"").hexdigest()
    if log is not None and not is_on_record(log, digest):
        found.append(f"{MANIFEST}: its sum is not in the access record")
    at = read_stamp(read.manifest, read.stamp, authority) if read.manifest and read.stamp else None
    if isinstance(at, str):
        found.append(f"{STAMP}: {at}; name its authority with --tsa-ca")
    count = len(read.sums.keys() - {MANIFEST, *UNLISTED})
    return Verified(tuple(found), count, digest, seal, at if isinstance(at, Stamp) else None)


def sealed(manifest: bytes | None, signature: bytes | None) -> Seal | None:
    """Who signed; None when nobody did, or the signature is none of this manifest."""
    return check(manifest, signature) if manifest is not None and signature is not None else None


def problems(manifest: bytes | None, sums: Mapping[str, str], told: str = "") -> list[str]:
    """What is wrong with a package; empty when it is as its manifest says, and the manifest as was told.

    Args:
        manifest: of the package; None when it has none.
        sums: SHA-256 of each file by name.
        told: the sum of the manifest as it was written down elsewhere; empty when it was not.
    """
    if manifest is None:
        return [f"{MANIFEST}: missing"] if MANIFEST not in sums else []
    named: dict[str, str] = {}
    found: list[str] = []
    if told and hashlib.sha256(manifest).hexdigest() != told.strip().lower():
        found.append(f"{MANIFEST}: not the one whose sum was told")
    for number, line in enumerate(manifest.decode("utf-8", "replace").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not _SUM.fullmatch(digest) or not name or name in named:
            found.append(f"{MANIFEST}: line {number} is no sum and name, or names a file again")
        named[name] = digest
    found += [f"{name}: not in the manifest, which every package has" for name in LEAST if name not in named]
    for name in sorted({*named, *sums} - {MANIFEST, *UNLISTED, ""}):
        if name not in sums:
            found.append(f"{name}: missing")
        elif sums[name] == ALTERED:
            found.append(f"{name}: changed")
        elif name not in named:
            found.append(f"{name}: not in the manifest")
        elif sums[name] != named[name]:
            found.append(f"{name}: changed")
    return found
