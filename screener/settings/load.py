"""Reads screener.toml: every wrong setting is named at once, with what was found and what is allowed."""

import difflib
import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from screener.errors import SettingsError
from screener.outside.files import read_utf8, reason_of
from screener.outside.text import visible
from screener.settings.checks import SettingProblem, cross_checks
from screener.settings.console import Oidc
from screener.settings.found import SECRET_KEYS, complaint, validated
from screener.settings.freeswitch import Freeswitch
from screener.settings.proxy import Proxy
from screener.settings.sections import Pbx, Registrar, Settings, Webhook
from screener.settings.site_file import parse_toml, read_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VARIABLE = "SCREENER_CONFIG"
FILE_NAME = "screener.toml"
WRITE_ONE = "write one with: screener init"
PLAIN = "a text without control characters"

_SETTINGS: TypeAdapter[Settings] = TypeAdapter(Settings)
PasswordSection = Registrar | Pbx | Webhook | Oidc | Proxy | Freeswitch


def load(path: Path | None = None) -> Settings:
    """The settings, validated.

    Args:
        path: the file; None takes `$SCREENER_CONFIG`, else `./screener.toml`, else the built-in defaults.

    Raises:
        SettingsError: the file cannot be read, is not TOML, or has wrong settings; names all of them, one a line.
    """
    path = path or default_path()
    if path is None:
        return Settings(folder=Path.cwd())
    return parse(read_text(path, WRITE_ONE), path)


def default_path() -> Path | None:
    """The settings file that a command takes when none is named; None for the built-in defaults."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    here = Path(FILE_NAME)
    return here if here.exists() else None


def parse(text: str, path: Path) -> Settings:
    """Settings from the text of a file; `path` is where relative paths start and what messages name."""
    data = parse_toml(text, path)
    unnamable = list(_control_characters(data, ()))
    problems = [*_unknown_keys(Settings, data, ()), *unnamable]
    settings = None
    try:
        settings = validated(_SETTINGS, data)
    except ValidationError as error:
        problems += [_explain(detail) for detail in error.errors(include_url=False)]
    if settings is not None and not unnamable:  # no file is asked for with such a name
        settings = _with_paths(replace(settings, folder=path.resolve().parent))
        problems += cross_checks(settings)
        settings = _with_passwords(settings, problems)
    if problems or settings is None:
        raise SettingsError("\n".join(f"{path}: {where}: {what}" for where, what in problems), "correct the file")
    return settings


def _unknown_keys(
    section: "type[DataclassInstance]", data: object, at: tuple[str, ...]
) -> Iterator[SettingProblem]:
    """Keys that no dataclass knows, with the nearest that one does."""
    if not isinstance(data, Mapping):
        return
    types = get_type_hints(section)
    known = {f.name for f in fields(section)} - ({"folder"} if section is Settings else set())
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield _place((*at, key)), f"found an unknown key, allowed {', '.join(sorted(known))}{hint}"
        elif is_dataclass(types[key]):
            yield from _unknown_keys(types[key], value, (*at, key))
        elif isinstance(value, list) and (inner := _table_of_list(types[key])):
            for number, item in enumerate(value, start=1):
                yield from _unknown_keys(inner, item, (*at, f"{key}#{number}"))


def _control_characters(value: object, at: tuple[str, ...]) -> Iterator[SettingProblem]:
    """Texts that hold what no name, path, password or address has: a line's end, a tab, a zero."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _has_control(key):
                yield _place(at) if at else visible(key), f"found {json.dumps(key)}, allowed {PLAIN}"
            else:
                yield from _control_characters(inner, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _control_characters(item, (*at[:-1], f"{at[-1].split('#')[0]}#{number}"))
    elif isinstance(value, str) and _has_control(value):
        secret = at[-1].split("#")[0] in SECRET_KEYS
        yield _place(at), f"found {'a value that is not shown' if secret else json.dumps(value)}, allowed {PLAIN}"


def _has_control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" for c in text)


def _table_of_list(hint: object) -> "type[DataclassInstance] | None":
    """The dataclass of `tuple[Dataclass, ...]`, None for any other type."""
    inner = next(iter(get_args(hint)), None)
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def _place(at: tuple[str, ...]) -> str:
    """`[section] key`, `[[sip.registrars]] 2 key`, or `[section]`."""
    at = *at[:-1], at[-1].split("#")[0]  # a value of a list, `peers`, has no place of its own
    lists = [i for i, part in enumerate(at) if "#" in part]
    if lists:
        table = ".".join(part.split("#")[0] for part in at[: lists[0] + 1])
        return f"[[{table}]] {at[lists[0]].split('#')[1]} {' '.join(at[lists[0] + 1 :])}".rstrip()
    return f"[{'.'.join(at[:-1])}] {at[-1]}" if len(at) > 1 else f"[{at[0]}]"


def _explain(detail: ErrorDetails) -> SettingProblem:
    """A validator's complaint in the words of the file."""
    at: list[str] = []
    for part in detail["loc"]:
        if isinstance(part, int):
            at[-1] += f"#{part + 1}"
        elif part != "[key]":
            at.append(str(part))
    return _place(tuple(at)), complaint(detail, at[-1].split("#")[0])


def _with_paths(settings: Settings) -> Settings:
    """The same with the files of `[sip.tls]` where they lie: the user agent knows of no folder."""
    tls, folder = settings.sip.tls, settings.folder
    certificate, key, authorities = (
        name and str(folder / name) for name in (tls.certificate, tls.key, tls.authorities)
    )
    tls = replace(tls, certificate=certificate, key=key, authorities=authorities)
    return replace(settings, sip=replace(settings.sip, tls=tls))


def _with_passwords(settings: Settings, problems: list[SettingProblem]) -> Settings:
    """The same with every `password_file` read."""

    def read(section: str, key: str, account: PasswordSection) -> str:
        return _secret(settings.folder, f"{section} {key}_file", account, key, problems)

    registrars = tuple(
        replace(registrar, password=read(f"[[sip.registrars]] {number}", "password", registrar))
        for number, registrar in enumerate(settings.sip.registrars, start=1)
    )
    pbx = replace(
        settings.pbx,
        password=read("[pbx]", "password", settings.pbx),
        event_secret=read("[pbx]", "event_secret", settings.pbx),
    )
    proxy = replace(settings.proxy, secret=read("[proxy]", "secret", settings.proxy))
    freeswitch = replace(settings.freeswitch, password=read("[freeswitch]", "password", settings.freeswitch))
    webhook = replace(settings.webhook, secret=read("[webhook]", "secret", settings.webhook))
    oidc = replace(settings.oidc, secret=read("[oidc]", "secret", settings.oidc))
    sip = replace(settings.sip, registrars=registrars)
    settings = replace(settings, freeswitch=freeswitch, webhook=webhook, proxy=proxy)
    return replace(settings, sip=sip, pbx=pbx, oidc=oidc)


def _secret(folder: Path, where: str, account: PasswordSection, key: str, problems: list[SettingProblem]) -> str:
    """A secret of an account, out of its file where it names one."""
    said: str = getattr(account, key)
    file: Path | None = getattr(account, f"{key}_file")
    if file is None:
        return said
    if said:
        problems.append((where, f"found beside {key}, allowed one of the two"))
    try:
        text = read_utf8(folder / file).lstrip()
    except UnicodeDecodeError:
        problems.append((where, f"found {file} not in UTF-8, allowed a file saved as UTF-8"))
        return said
    except OSError as problem:
        problems.append((where, f"found {file} ({reason_of(problem)}), allowed a file that can be read"))
        return said
    if not text:
        problems.append((where, f"found {file} empty, allowed a {key.rpartition('_')[2]} on line 1"))
        return said
    secret = text.splitlines()[0].strip()
    if _has_control(secret):
        problems.append((where, f"found {file} with control characters, allowed none on line 1"))
    return secret
