"""`[proxy]`: calls behind Kamailio with rtpengine, and what no single field's type can say of them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import Field

_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.\-]+)(:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proxy:
    """`[proxy]`: calls behind Kamailio with rtpengine, as deploy/rtpengine has them.

    The copies come as plain RTP and the REFER goes by UDP: refused where `[sip]` wants everything encrypted.

    Attributes:
        url: where Kamailio lists its dialogs; empty listens to none of them.
        secret: or `secret_file`, the path of a file whose first line is the secret: what it asks for.
        sip: host and port that a REFER to a caller goes to; empty takes the host of `url` and 5060.
        rtpengine: host and port of the ng protocol of each rtpengine.
        hear_agent: listen to the agent too.
        max_calls: calls listened to at once; further ones go on unheard, which the log and the metrics say.
    """

    url: str = ""
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None
    sip: str = ""
    rtpengine: tuple[str, ...] = ("127.0.0.1:2223",)
    hear_agent: bool = True
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def needs_targets(self) -> str:
        """What of it needs a place to move callers to; empty for nothing."""
        return "[proxy] url" if self.url else ""


class SipPorts(Protocol):
    """What `[sip]` says of ports, and of what takes some."""

    @property
    def rtp_port_low(self) -> int: ...  # noqa: D102
    @property
    def rtp_port_high(self) -> int: ...  # noqa: D102
    @property
    def max_calls(self) -> int: ...  # noqa: D102
    @property
    def recording_extension(self) -> str: ...  # noqa: D102


def check_proxy(proxy: Proxy, sip: SipPorts, recordings: int) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what.

    Args:
        proxy: the section.
        sip: the section `[sip]`.
        recordings: that may come at once, where any are taken.
    """
    if not proxy.url:
        return
    if not _is_plain(proxy.url):
        yield (
            "[proxy] url",
            "found a value that is not shown, allowed http://HOST:PORT/calls of a network of your own",
        )
    if not (proxy.secret or proxy.secret_file):
        yield "[proxy] secret", "found nothing, allowed what SECRET in kamailio.cfg says"
    for key, places in (("rtpengine", proxy.rtpengine), ("sip", (proxy.sip,) if proxy.sip else ())):
        for place in places:
            if not _PLACE.fullmatch(place):
                yield f"[proxy] {key}", f"found {json.dumps(place)}, allowed host and port, as 192.0.2.50:2223"
    others = sip.max_calls + (recordings if sip.recording_extension else 0)
    needed = sip.rtp_port_low + 2 * (others + (1 + proxy.hear_agent) * proxy.max_calls) - 1
    if sip.rtp_port_high < needed:
        yield (
            "[sip] rtp_port_high",
            f"found {sip.rtp_port_high}, allowed not below {needed}: each voice of [proxy] takes two ports",
        )


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme == "http" and bool(parts.hostname) and not parts.username and url.isascii()
