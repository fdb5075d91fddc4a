"""Registration with one PBX (RFC 3261 section 10) as a pure state machine: time and randomness are arguments."""

import random

from screener.backoff import Backoff
from screener.errors import SipParseError
from screener.ports import RegistrationState
from screener.settings.sections import Registrar
from screener.sip.address import NameAddr, Uri
from screener.sip.digest import Challenge, authorize, strongest
from screener.sip.message import REASONS, Headers, Request, Response

REFRESH = (0.6, 0.8)
"""A registration is refreshed after such a part of its life, at random, so that nodes do not come all at once."""
SHORTEST_REFRESH = 5.0
"""Seconds: a registrar that grants less is not asked more often."""
MOST_ANSWERS = 3
"""Requests that are sent at once because of a response (challenge, stale nonce, longer interval) in one go."""
RETRY = Backoff(2.0, 120.0)
"""Between attempts, each shortened by up to a half at random."""


class Registration:
    """One registrar and where we stand with it.

    Args:
        registrar: whom to register with, and as whom.
        password: read from the settings or from the password file.
        contact: the URI that calls shall come to.
        chance: for jitter and tags.
        now: monotonic seconds.

    Attributes:
        deadline: when `poll` wants to be called next.
    """

    def __init__(
        self, registrar: Registrar, password: str, contact: str, chance: random.Random, now: float
    ) -> None:
        self.registrar = registrar
        self.deadline: float | None = now
        self._password = password
        self._contact = contact
        self._chance = chance
        self._call_id = f"{chance.getrandbits(96):024x}"
        self._tag = f"{chance.getrandbits(40):010x}"
        self._cseq = 0
        self._expires = registrar.expires
        self._registered = False
        self._problem = "not asked yet"
        self._failures = 0
        self._challenge: Challenge | None = None
        self._header = "Authorization"
        self._used = self._again = 0
        self.why = ""
        """Why nothing can be sent to it, where that is known."""
        self._answered = False
        """Whether the newest request carried an answer to a challenge of this exchange."""
        self._leaving = False
        """Our binding is being taken away: whatever is answered, no other is asked for."""
        self._asked = 0
        """Seconds that the newest request asked for."""

    @property
    def uri(self) -> str:
        """The registrar's URI."""
        return f"sip:{self.registrar.host}:{self.registrar.port}"

    def state(self) -> RegistrationState:
        """For the operator."""
        return RegistrationState(
            f"{self.registrar.host}:{self.registrar.port}",
            self._registered,
            "" if self._registered else self._problem,
        )

    def poll(self, now: float) -> Request | None:
        """The request that is due now, if any; nothing more is due until it has been answered or has timed out."""
        if self.deadline is None or now < self.deadline:
            return None
        self.deadline = None
        self._answered, self._again = False, 0
        return self._request()

    def receive(self, response: Response, now: float) -> Request | None:
        """Take the final response; the request to send at once, if there is one."""
        status = response.status
        if 200 <= status < 300 and self._leaving:
            return self._request() if self._asked else None
        if 200 <= status < 300:
            self._registered, self._problem, self._failures = True, "", 0
            granted = self._granted(response)
            self.deadline = now + max(SHORTEST_REFRESH, granted * self._chance.uniform(*REFRESH))
            return None
        if status in (401, 407):
            name, self._header = (
                ("WWW-Authenticate", "Authorization")
                if status == 401
                else ("Proxy-Authenticate", "Proxy-Authorization")
            )
            challenge = strongest(response.headers.all(name))
            if challenge is None:
                return self._fail("the PBX asks for an authentication that is not spoken here", now)
            if self._answered and not challenge.stale:
                return self._fail("the PBX refuses the username or password", now)
            self._challenge, self._used, self._answered = challenge, 0, True
            return self._ask_again("the PBX asks for another password again and again", now)
        if status == 423:
            least = response.headers.get("Min-Expires")
            if least.isascii() and least.isdigit() and self._expires < int(least[:6]) <= 86400:
                self._expires = int(least)
                return self._ask_again("the PBX asks for a longer and longer registration", now)
        return self._fail(f"the PBX answers {status} {response.reason or REASONS.get(status, '')}".rstrip(), now)

    def timed_out(self, now: float) -> None:
        """No final response came."""
        self._fail(f"the PBX cannot be reached: {self.why}" if self.why else "the PBX does not answer", now)
        self.why = ""

    def deregister(self) -> Request | None:
        """The request that takes our binding away; None when there is none. One that is on its way goes then."""
        self.deadline, self._leaving = None, True
        bound, self._registered, self._problem = self._registered, False, "deregistered"
        self._answered, self._again = False, 0
        return self._request() if bound else None

    def _ask_again(self, problem: str, now: float) -> Request | None:
        self._again += 1
        return self._request() if self._again <= MOST_ANSWERS else self._fail(problem, now)

    def _fail(self, problem: str, now: float) -> Request | None:
        self._registered, self._problem = False, problem
        self._failures += 1
        self._challenge = None
        if self._leaving:
            return None
        self.deadline = now + RETRY.after(self._failures) * self._chance.uniform(0.5, 1.0)
        return None

    def _granted(self, response: Response) -> int:
        """Seconds of our own binding; where none is ours, those of the response, else the shortest."""
        own: list[int] = []
        others: list[int] = []
        for text in response.headers.values("Contact"):
            try:
                contact = NameAddr.parse(text)
            except SipParseError:
                continue
            if (seconds := _seconds(contact.params.get("expires", ""))) is not None:
                (own if _binding(contact.uri) == _binding(Uri.parse(self._contact)) else others).append(seconds)
        general = _seconds(response.headers.get("Expires"))
        if own or general is None:
            return min(own or others, default=self._expires)
        return general

    def _request(self) -> Request:
        self._cseq += 1
        self._asked = 0 if self._leaving else self._expires
        account = f"<sip:{self.registrar.username}@{self.registrar.host}>"
        headers = Headers(
            [
                ("From", f"{account};tag={self._tag}"),
                ("To", account),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} REGISTER"),
                ("Contact", f"<{self._contact}>;expires={self._asked}"),
                ("Expires", str(self._asked)),
            ]
        )
        if self._challenge is not None:
            self._used += 1
            cnonce = f"{self._chance.getrandbits(64):016x}"
            headers.add(
                self._header,
                authorize(
                    self._challenge, self.registrar.username, self._password, "REGISTER", self.uri,
                    cnonce=cnonce, count=self._used,
                ),
            )  # fmt: skip
        return Request(headers, b"", "REGISTER", self.uri)


def _seconds(text: str) -> int | None:
    return int(text[:6]) if text.isascii() and text.isdigit() else None


def _binding(uri: Uri) -> tuple[str, str, int | None]:
    """What makes a binding ours; parameters may be added or lost."""
    return uri.user, uri.host.lower(), uri.port
