"""What the recordings say: the shipped ones by `config/prompts.toml`, a site's own by `said.toml` beside them.

The log has to prove which words a caller heard. Of an own recording whose words nobody wrote down it names the
file and its checksum: the same sound can be found again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from screener.core.actions import Prompt
from screener.errors import SettingsError
from screener.resources import config_folder
from screener.settings.site_file import read_toml

SAID = "said.toml"
"""In a folder of recordings: `warning_abuse_1 = "…"`, one line for each recording that lies there."""
LONGEST = 500
"""Characters of one wording."""
DIGITS = 16
"""Of the checksum, SHA-256."""

Words = Mapping[Prompt, tuple[str, tuple[str, ...]]]
"""What each recording says, and its toneless pinyin."""


def load_words(syllables: Callable[[str], tuple[str, ...]], folder: Path | None = None) -> Words:
    """What each recording says; an own one whose words are not known is taken to say what the shipped one says.

    Args:
        syllables: text to toneless pinyin.
        folder: a site's own recordings.

    Raises:
        SettingsError: a file cannot be read, or is none of these.
    """
    own = _own(folder) if folder else {}
    texts = {prompt: own.get(prompt, text) for prompt, text in _shipped().items()}
    return {prompt: (text, syllables(text)) for prompt, text in texts.items()}


def load_played(folder: Path | None = None) -> Mapping[Prompt, str]:
    """What the log writes down as played: the words, or which file it was; the rest as of `load_words`."""
    texts = _shipped()
    if folder is None:
        return texts
    own = _own(folder)
    files = {prompt: folder / f"{prompt}.wav" for prompt in Prompt}
    return texts | {prompt: own.get(prompt) or _named(file) for prompt, file in files.items() if file.is_file()}


def write_said(folder: Path, texts: Mapping[Prompt, str]) -> None:
    """Note what recordings of a folder say; an empty text takes the note away.

    Raises:
        SettingsError: the file is there and is none of these, or cannot be written.
    """
    path = folder / SAID
    noted = {**_own(folder), **texts}
    if not any(noted.values()) and not path.exists():
        return
    lines = [f"{p} = {json.dumps(noted[p], ensure_ascii=False)}\n" for p in Prompt if noted.get(p)]
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as problem:
        raise SettingsError(
            f"{path}: cannot be written ({problem.strerror})", "choose another folder"
        ) from problem


def _own(folder: Path) -> dict[Prompt, str]:
    path = folder / SAID
    if not path.is_file():
        return {}
    data = _read(path)
    for name, text in data.items():
        if name not in list(Prompt) or not isinstance(text, str) or len(text) > LONGEST:
            remedy = f'write one line for each recording: warning = "…", up to {LONGEST} characters'
            raise SettingsError(f"{path}: {name} is no recording with its words", remedy)
    return {Prompt(name): text for name, text in data.items()}


def _shipped() -> dict[Prompt, str]:
    said = _read(config_folder() / "prompts.toml").get("zh")
    return {prompt: str(said[prompt]) for prompt in Prompt if isinstance(said, dict) and prompt in said}


def _named(file: Path) -> str:
    try:
        return f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:DIGITS]}"
    except OSError:
        return file.name


def _read(path: Path) -> Mapping[str, Any]:
    return read_toml(path, "correct [prompts] folder")[1]
