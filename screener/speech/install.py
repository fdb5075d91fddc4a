"""Installing a production model: fetched with resume, checked against its sum, unpacked aside, moved in at once.

Whatever is refused leaves nothing behind. A download that breaks off leaves its beginning, and the next run goes
on from there.
"""

import http.client
import json
import re
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from screener.errors import ModelError
from screener.speech.models import CARD, check_folder, models_folder, sha256_of


@dataclass(frozen=True, slots=True)
class Published:
    """A model that can be fetched.

    Attributes:
        url: of the zip.
        sha256: hex sum of the zip.
        size: of the zip, bytes.
    """

    url: str
    sha256: str
    size: int


DEFAULT_MODEL = "vosk-model-small-cn-0.22"
PUBLISHED: Mapping[str, Published] = {
    # Apache-2.0. The Vosk project's page prints no SHA-256; this is the sum that many independent projects which
    # fetch the same file have pinned.
    DEFAULT_MODEL: Published(
        "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
        "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        43898754,
    ),
}

Progress = Callable[[int, int], None]
"""Takes bytes done and bytes in all."""

ATTEMPTS = 3
TIMEOUT_SECONDS = 30
PIECE_BYTES = 1 << 18
MAX_UNPACKED_BYTES = 8 << 30
"""The largest Mandarin model takes about 2 GB."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


def install(
    name: str = DEFAULT_MODEL,
    from_zip: Path | None = None,
    *,
    sha256: str = "",
    progress: Progress = _silent,
    published: Mapping[str, Published] = PUBLISHED,
) -> Path:
    """Install a model; one of the same name is replaced.

    Args:
        name: a published model, or with `from_zip` any name to install it under.
        from_zip: a file that is there already, instead of a download.
        sha256: hex sum that the zip must have, where the model is not a published one.
        progress: watches the download.
        published: what can be fetched.

    Returns:
        The model's folder.

    Raises:
        ModelError: nothing was installed; says why.
    """
    known = published.get(name)
    if not _NAME.fullmatch(name) or name == "embedded":
        raise ModelError(f"{name!r} cannot be the name of a model", "use letters, digits, dots and dashes")
    if known is None and from_zip is None:
        raise ModelError(
            f"where to fetch {name!r} is not known (known: {', '.join(published)})",
            "download its zip yourself and use --from FILE.zip",
        )
    models = models_folder()
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"cannot make {models}: {error.strerror}", "set SCREENER_MODELS") from error
    expected = known.sha256 if known else sha256.lower()
    if from_zip is not None:
        _check_sum(from_zip, expected)
        return _unpack(from_zip, models / name)
    assert known is not None
    part = models / f".{name}.zip.part"
    _fetch(known, part, progress)
    try:
        _check_sum(part, expected)
        return _unpack(part, models / name)
    finally:
        part.unlink(missing_ok=True)


def _check_sum(archive: Path, expected: str) -> None:
    try:
        found = sha256_of(archive)
    except OSError as error:
        raise ModelError(f"cannot read {archive}: {error.strerror}") from error
    if expected and found != expected:
        raise ModelError(
            f"{archive.name} is not the file that it should be: SHA-256 is {found}, must be {expected}",
            "it is truncated or foreign; fetch it again",
        )


def _fetch(known: Published, part: Path, progress: Progress) -> None:
    """Download to `part`, going on where an earlier run ended."""
    problem = ""
    for _ in range(ATTEMPTS):
        problem = ""
        try:
            _fetch_rest(known, part, progress)
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            problem = f"HTTP {error.code}"
        except (OSError, http.client.HTTPException) as error:
            problem = str(getattr(error, "reason", "") or error or type(error).__name__)
        size = part.stat().st_size if part.exists() else 0
        if size == known.size:
            return
        if size > known.size:
            part.unlink()
            raise ModelError(f"{known.url} is larger than it should be: foreign", "use --from FILE.zip")
        problem = problem or f"the connection ended after {size} of {known.size} bytes"
    raise ModelError(f"cannot fetch {known.url}: {problem}", "run it again to go on, or use --from FILE.zip")


def _fetch_rest(known: Published, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= known.size:
        return
    request = urllib.request.Request(known.url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    # The address is one of `PUBLISHED`, never typed by anybody.
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0  # a server without ranges sends the whole file
        with part.open("ab" if have else "wb") as file:
            while piece := response.read(PIECE_BYTES):
                file.write(piece)
                have += len(piece)
                progress(have, known.size)
                if have > known.size:
                    return


def _unpack(archive: Path, destination: Path) -> Path:
    """Unpack beside the destination, check, and move in."""
    staging = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        with zipfile.ZipFile(archive) as zipped:
            _check_members(zipped, archive, staging)
            zipped.extractall(staging / "unpacked")  # checks the CRC of every member; names were checked above
        root = _root(staging / "unpacked")
        check_folder(root)
        if not (root / CARD).exists():
            _write_card(root, destination.name)
        old = staging / "replaced"
        if destination.exists():
            destination.rename(old)
        try:
            root.rename(destination)
        except OSError:
            if old.exists():
                old.rename(destination)
            raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{archive.name} is truncated or no zip file: {error}", "fetch it again") from error
    except OSError as error:
        raise ModelError(f"cannot install to {destination}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return destination


def _check_members(zipped: zipfile.ZipFile, archive: Path, staging: Path) -> None:
    size = 0
    for member in zipped.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise ModelError(f"{archive.name} is refused: it would write to {member.filename!r}")
        size += member.file_size
    if size > min(MAX_UNPACKED_BYTES, shutil.disk_usage(staging).free):
        raise ModelError(f"{archive.name} is refused: it unpacks to {size >> 20} MB", "free some space")


def _root(unpacked: Path) -> Path:
    """The model's own folder: zips hold one, or its contents."""
    inside = list(unpacked.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else unpacked


def _write_card(folder: Path, name: str) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    card = {"name": name, "sha256": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", "utf-8")
