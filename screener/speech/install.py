"""Installing a production model: fetched with resume, checked against its sum, unpacked aside, moved in at once.

There are two roads to one. What is known of each stands beside it, so that a site can choose.

Whatever is refused leaves nothing behind. A download that breaks off leaves its beginning, and the next run goes
on from there.
"""

import http.client
import json
import re
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from screener.errors import ModelError
from screener.speech.models import CARD, DEFAULT_FILES, DEFAULT_MODEL, check_folder, models_folder, sha256_of


@dataclass(frozen=True, slots=True)
class Published:
    """A model that can be fetched.

    Attributes:
        url: of the zip or tar.
        sha256: its hex sum.
        size: bytes.
        known: what speaks for and against it, in a line; with whose figures.
        files: of it that are kept, which are those that were measured; empty keeps all.
    """

    url: str
    sha256: str
    size: int
    known: str = ""
    files: tuple[str, ...] = ()

    @property
    def ending(self) -> str:
        """Of the file's name."""
        return next(ending for ending in ARCHIVES if self.url.endswith(ending))


ARCHIVES = (".zip", ".tar.bz2", ".tar.gz")
PUBLISHED: Mapping[str, Published] = {
    # Both Apache-2.0. Neither project prints a SHA-256; these are the sums that many independent projects which
    # fetch the same files have pinned.
    DEFAULT_MODEL: Published(
        f"https://github.com/k2-fsa/sherpa-onnx/releases/download/kws-models/{DEFAULT_MODEL}.tar.bz2",
        "b2f7c89690dc8ce4c6ed6afeab7cd800c36ad1421fb6b6302b4a4b194cf7f35f",
        32654866,
        "one syllable in seven to ten wrong on people through a telephone, a quarter with a crowd at 20 dB, seven "
        "in ten at 10 dB (tests/bench/people.py); under 2 % of a core a voice that speaks; prints pinyin; trained "
        "on WenetSpeech, whose audio one list gives as non-commercial",
        DEFAULT_FILES,
    ),
    "vosk-model-small-cn-0.22": Published(
        "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
        "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        43898754,
        "17, 24, 38 % of characters wrong on three wide-band sets, as its makers print; not measured by this "
        "project; prints characters",
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
    source: Path | None = None,
    *,
    sha256: str = "",
    progress: Progress = _silent,
    published: Mapping[str, Published] = PUBLISHED,
) -> Path:
    """Install a model; one of the same name is replaced.

    Args:
        name: a published model, or with `source` any name to install it under.
        source: a zip, tar or folder that is there already, instead of a download.
        sha256: hex sum that the file must have, where the model is not a published one.
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
    if known is None and source is None:
        raise ModelError(
            f"where to fetch {name!r} is not known (known: {', '.join(published)})",
            "download it yourself and use --from FILE or --from FOLDER",
        )
    models = models_folder()
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"cannot make {models}: {error.strerror}", "set SCREENER_MODELS") from error
    expected, files = (known.sha256, known.files) if known else (sha256.lower(), ())
    if source is not None:
        if source.is_file():
            _check_sum(source, expected)
        return _unpack(source, models / name, files)
    assert known is not None
    part = models / f".{name}{known.ending}.part"
    _fetch(known, part, progress)
    try:
        _check_sum(part, expected)
        return _unpack(part, models / name, files)
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
            raise ModelError(f"{known.url} is larger than it should be: foreign", "use --from FILE")
        problem = problem or f"the connection ended after {size} of {known.size} bytes"
    raise ModelError(f"cannot fetch {known.url}: {problem}", "run it again to go on, or use --from FILE")


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


def _unpack(source: Path, destination: Path, files: Sequence[str]) -> Path:
    """Unpack or copy beside the destination, check, and move in."""
    staging = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    try:
        if source.is_dir():
            check_folder(source)
            shutil.copytree(source, staging / "unpacked", copy_function=shutil.copyfile)
        elif ".tar" in source.name:
            _untar(source, staging)
        else:
            _unzip(source, staging)
        root = _root(staging / "unpacked")
        check_folder(root)
        _keep(root, files)
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
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise ModelError(f"{source.name} is truncated or no archive: {error}", "fetch it again") from error
    except OSError as error:
        raise ModelError(f"cannot install to {destination}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return destination


def _unzip(archive: Path, staging: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        members = zipped.infolist()
        _check_members(archive, staging, [(member.filename, member.file_size) for member in members])
        zipped.extractall(staging / "unpacked")  # noqa: S202 - names were checked; it checks the CRC of each


def _untar(archive: Path, staging: Path) -> None:
    with tarfile.open(archive) as tarred:
        members = tarred.getmembers()
        _check_members(archive, staging, [(member.name, member.size) for member in members])
        if strange := [member.name for member in members if not (member.isfile() or member.isdir())]:
            raise ModelError(f"{archive.name} is refused: {strange[0]!r} in it is neither file nor folder")
        tarred.extractall(staging / "unpacked", filter="data")


def _check_members(archive: Path, staging: Path, members: Sequence[tuple[str, int]]) -> None:
    size = 0
    for name, bytes_in_it in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise ModelError(f"{archive.name} is refused: it would write to {name!r}")
        size += bytes_in_it
    if size > min(MAX_UNPACKED_BYTES, shutil.disk_usage(staging).free):
        raise ModelError(f"{archive.name} is refused: it unpacks to {size >> 20} MB", "free some space")


def _root(unpacked: Path) -> Path:
    """The model's own folder: zips hold one, or its contents."""
    inside = list(unpacked.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else unpacked


def _keep(folder: Path, files: Sequence[str]) -> None:
    """Drop all but these; a folder without them, which somebody calls by that name, stays as it is."""
    if not files or not all((folder / file).is_file() for file in files):
        return
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in files:
            path.unlink()


def _write_card(folder: Path, name: str) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    card = {"name": name, "sha256": {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", "utf-8")
