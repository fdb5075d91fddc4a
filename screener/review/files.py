"""A package of evidence on disk: a folder, or one ZIP file."""

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from screener.errors import InputError
from screener.outside.files import PRIVATE_FOLDER, reason_of, write_private
from screener.outside.text import visible
from screener.review.dossier import MANIFEST, zipped
from screener.review.seal import SIGNATURE
from screener.review.stamp import STAMP

BYTES_MOST = 2 * 1024**3
"""A package that unpacks to more is not read."""
FILES_MOST = 20_000
KEPT = (MANIFEST, SIGNATURE, STAMP)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error)
"""What reading a ZIP fails with that is not what was packed."""
MANIFEST_MOST = 16 * 1024**2
ALTERED = ""
"""Stands for the sum of a file of a ZIP that is not what was packed: the check of the ZIP itself says so."""
_ENCRYPTED = 0x1
"""The bit of a ZIP's entry that says so."""


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package as it was found: the SHA-256 sum of each file, or `ALTERED`, by name; its manifest and seal."""

    sums: Mapping[str, str]
    kept: Mapping[str, bytes]

    @property
    def manifest(self) -> bytes | None:
        """None when it has none."""
        return self.kept.get(MANIFEST)

    @property
    def stamp(self) -> bytes | None:
        """None when it has none."""
        return self.kept.get(STAMP)

    @property
    def signature(self) -> bytes | None:
        """None when it has none."""
        return self.kept.get(SIGNATURE)


def write_package(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new package, for its owner alone; a path that ends in `.zip` makes one file.

    Raises:
        InputError: it is there already, or cannot be written, or a name leads out of it.
    """
    if outside := [name for name in files if not _is_inside(name)]:
        raise InputError(f"{outside[0]!r} is no name for a file of a package")
    if path.exists():
        raise InputError(f"{path}: is there already", "name a new folder or file; evidence is never overwritten")
    try:
        if path.suffix.lower() == ".zip":
            write_private(path, zipped(files), new=True)
            return
        for name, data in files.items():
            file = path / name
            for folder in reversed([parent for parent in file.parents if parent.is_relative_to(path)]):
                folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            write_private(file, data, new=True)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written ({problem.strerror})") from problem


def read_package(path: Path) -> FoundPackage:
    """The sum of each file of a package, read piece by piece; nothing is unpacked.

    Raises:
        InputError: it cannot be read, or is no package that we could have made.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        with zipfile.ZipFile(path) as package:
            return _read_zip(path, package)
    except OSError as problem:
        raise InputError(
            f"{path}: cannot be read ({reason_of(problem)})", "name the folder or ZIP file of a package"
        ) from problem
    except (*_DAMAGED, ValueError, RuntimeError) as problem:  # its directory: no file of it can be told
        raise InputError(
            f"{path}: not a whole ZIP file: cut short, damaged, or none at all",
            "copy or ask for it again; name the folder or ZIP file of a package",
        ) from problem


def _read_folder(path: Path) -> FoundPackage:
    sums: dict[str, str] = {}
    kept: dict[str, bytes] = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise InputError(f"{path}: {name} is no plain file", "a package has files and folders only")
        if file.is_file():
            _count(path, sums)
            with file.open("rb") as stream:
                sums[name] = _sum(stream, [BYTES_MOST])
                if name in KEPT:
                    stream.seek(0)
                    kept[name] = stream.read(MANIFEST_MOST)
    return FoundPackage(sums, kept)


def _read_zip(path: Path, package: zipfile.ZipFile) -> FoundPackage:
    left = [BYTES_MOST]
    sums: dict[str, str] = {}
    kept: dict[str, bytes] = {}
    for member in package.infolist():
        name = member.filename
        if name in sums:
            raise InputError(f"{path}: has {name!r} twice", "no package of ours has; ask for it again")
        if not _is_inside(name.removesuffix("/") if member.is_dir() else name):
            raise InputError(f"{path}: has {name!r}, which lies outside of it", "do not unpack it")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFDIR if member.is_dir() else stat.S_IFREG):  # a link, a device
            raise InputError(f"{path}: {name} is no plain file", "a package has files and folders only")
        if member.is_dir():
            continue
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{path}: {name} is packed in a way that is not read here", "it is none of ours")
        if member.flag_bits & _ENCRYPTED:
            raise InputError(f"{path}: {name} is encrypted", "no package of ours is; ask for it again")
        _count(path, sums)
        try:
            with package.open(member) as stream:
                sums[name] = _sum(stream, left)
            if name in KEPT:
                with package.open(member) as stream:
                    kept[name] = stream.read(MANIFEST_MOST)
        except (*_DAMAGED, ValueError, NotImplementedError):
            sums[name] = ALTERED
    return FoundPackage(sums, kept)


def _sum(stream: IO[bytes], left: list[int]) -> str:
    """SHA-256 of what comes; takes its bytes off what may still come of the package."""
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        left[0] -= len(piece)
        if left[0] < 0:
            raise InputError(f"the package unpacks to more than {BYTES_MOST} bytes", "it is none of ours")
        digest.update(piece)
    return digest.hexdigest()


def _count(path: Path, sums: Mapping[str, str]) -> None:
    if len(sums) >= FILES_MOST:
        raise InputError(f"{path}: has more than {FILES_MOST} files", "it is none of ours")


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return not (set(parts) & {"", ".", ".."} or "\\" in name or ":" in name or visible(name) != name)
