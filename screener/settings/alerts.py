"""The section `[alerts]`: who is told, by which way; names and defaults here are the documentation."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from screener.settings.bounds import Seconds


@dataclass(frozen=True, slots=True)
class Way:
    """`[[alerts.ways]]`: how somebody is told.

    Attributes:
        url: of the webhook or robot, https or http; of a mail server its host and port.
        secret: signs a webhook's body, 钉钉's URL, 飞书's body; of e-mail the password.
        causes: `threat`, `emergency`, `burst`, `deaf`, `asked`, `spool`; empty is all of them.
        sender, to, username: of e-mail; with a username the connection is encrypted (STARTTLS).
    """

    kind: Literal["webhook", "wecom", "dingtalk", "feishu", "email"]
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    causes: tuple[Literal["threat", "emergency", "burst", "deaf", "asked", "spool"], ...] = ()
    sender: str = ""
    to: tuple[str, ...] = ()
    username: str = ""


@dataclass(frozen=True, slots=True)
class SummarySection:
    """`[[alerts.summaries]]`: the manager's summary by e-mail, as page and workbook.

    Attributes:
        every: `day`, `week` (sent on Mondays) or `month` (on the first): of the one that is over.
        at: the site's time of day, `08:00`.
        url: host and port of the mail server.
        sender, to, username: with a username the connection is encrypted (STARTTLS); `secret` is the password.
        masked: hide the middle of phone numbers.
    """

    every: Literal["day", "week", "month"]
    url: str = field(repr=False)
    sender: str
    to: tuple[str, ...]
    at: str = "08:00"
    username: str = ""
    secret: str = field(default="", repr=False)
    masked: bool = True


@dataclass(frozen=True, slots=True)
class Alerts:
    """`[alerts]`: when somebody is told at once; without `[[alerts.ways]]` nobody is.

    Attributes:
        burst_calls: so many harassment calls within `burst_seconds` are a burst.
        deaf_calls: so many calls within it in which recognition broke off.
    """

    burst_calls: Annotated[int, Field(ge=2, le=10000)] = 10
    burst_seconds: Seconds = 600.0
    deaf_calls: Annotated[int, Field(ge=1, le=10000)] = 3
    ways: tuple[Way, ...] = ()
    summaries: tuple[SummarySection, ...] = ()
