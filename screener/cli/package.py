"""A package of evidence on disk: a folder, or one ZIP file."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from screener.errors import InputError

BYTES_MOST = 2 * 1024**3
"""A package that unpacks to more is not read."""


def write_package(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new package; a path that ends in `.zip` makes one file.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    if path.exists():
        raise InputError(f"{path}: is there already", "name a new folder or file; evidence is never overwritten")
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as package:
                for name, data in files.items():
                    package.writestr(name, data)
            return
        for name, data in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written ({problem.strerror})") from problem


def read_package(path: Path) -> dict[str, bytes]:
    """The files of a package by name.

    Raises:
        InputError: it cannot be read.
    """
    try:
        if path.is_dir():
            return {
                file.relative_to(path).as_posix(): file.read_bytes()
                for file in sorted(path.rglob("*"))
                if file.is_file()
            }
        with zipfile.ZipFile(path) as package:
            if sum(member.file_size for member in package.infolist()) > BYTES_MOST:
                raise InputError(f"{path}: unpacks to more than {BYTES_MOST} bytes")
            return {name: package.read(name) for name in package.namelist() if not name.endswith("/")}
    except (OSError, zipfile.BadZipFile) as problem:
        raise InputError(
            f"{path}: cannot be read ({problem})", "name the folder or ZIP file of a package"
        ) from problem
