"""`[speech] servers`: what no single field's type can say of them."""

import re
from collections.abc import Iterator

from screener.settings.sections import Speech

_SERVER = re.compile(r"wss?://(\[[0-9A-Fa-f:.]+\]|[\w.\-]+)(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)


def check_servers(speech: Speech) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what."""
    for server in speech.servers:
        if not _SERVER.fullmatch(server):
            yield "[speech] servers", "found a value that is not shown, allowed ws://HOST:PORT or wss://HOST:PORT"
    if speech.servers and speech.engine == "none":
        yield "[speech] engine", "found none, allowed vosk or sherpa: the protocol of the servers"
