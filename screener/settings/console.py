"""What no single key of `[console]` can say by its type."""

import ipaddress
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screener.settings.sections import Console

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*\-\[\]:]+")


def check_console(console: "Console", folder: Path) -> Iterator[tuple[str, str]]:
    """Problems, each a key and what is wrong with it.

    Args:
        console: the section.
        folder: of the settings.
    """
    for key in ("certificate", "key"):
        name = getattr(console, key)
        if name and not (folder / name).is_file():
            yield f"[console] {key}", f"found {json.dumps(name)}, allowed an existing PEM file"
    if bool(console.certificate) != bool(console.key):
        yield "[console] key", "found one of certificate and key, allowed both or neither"
    for proxy in console.proxies:
        if not _is_network(proxy):
            found = json.dumps(proxy, ensure_ascii=False)
            yield "[console] proxies", f"found {found}, allowed addresses and networks, as 192.0.2.0/24"
    for origin in console.embed_from:
        if not _ORIGIN.fullmatch(origin):
            found = json.dumps(origin, ensure_ascii=False)
            yield "[console] embed_from", f"found {found}, allowed an origin, as https://crm.example.com"


def _is_network(text: str) -> bool:
    """Whether a text names hosts, and not all that there are."""
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False
