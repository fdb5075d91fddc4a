"""Every error that Screener raises on purpose.

::

    ScreenerError
    ├── SettingsError        a setting, lexicon or list file is wrong; says file, key, found, allowed
    ├── AudioError           a recording cannot be read or is not what it must be
    ├── ModelError           a speech model is missing, damaged or foreign
    ├── SipError             signalling failed: port taken, registration refused, peer silent
    │   └── SipParseError    a datagram is not SIP; never leaves the sip package
    ├── RtpError             a media packet is malformed; never leaves the media package
    ├── PbxError             the PBX control connection failed or refused
    ├── StoreError           the call log cannot be opened, migrated, written or read
    ├── AlertError           an alert was not taken; it is tried again
    └── InputError           a file or argument handed to a command is wrong
        └── MissingError     it names a call, an entry, a report that is not there, or no more

Each carries one sentence for a person, and where one can be given, what to do about it. `exit_code` is what
the command line ends with.
"""


class ScreenerError(Exception):
    """Root of the tree.

    Args:
        message: one line that says what is wrong.
        remedy: one line that says what to do about it, or empty.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} — {self.remedy}" if self.remedy else self.message


class SettingsError(ScreenerError):
    """A setting, lexicon or list file is wrong."""

    exit_code = 3


class AudioError(ScreenerError):
    """A recording cannot be read or is not what it must be."""

    exit_code = 4


class ModelError(ScreenerError):
    """A speech model is missing, damaged or foreign."""

    exit_code = 5


class SipError(ScreenerError):
    """Signalling failed: the port is taken, registration refused, the peer silent."""

    exit_code = 6


class SipParseError(SipError):
    """A datagram is not SIP. Never leaves the sip package."""


class RtpError(ScreenerError):
    """A media packet is malformed. Never leaves the media package."""


class PbxError(ScreenerError):
    """The PBX control connection failed or refused."""

    exit_code = 7


class StoreError(ScreenerError):
    """The call log cannot be opened, migrated, written or read."""

    exit_code = 8


class AlertError(ScreenerError):
    """An alert was not taken by a webhook, a robot or a mail server."""


class InputError(ScreenerError):
    """A file or argument handed to a command, or what a request asks for, is wrong.

    Args:
        message, remedy: as of every error.
        field: the key of the request, or of what it brings, that is wrong; empty for none in particular.
    """

    exit_code = 9

    def __init__(self, message: str, remedy: str = "", field: str = "") -> None:
        super().__init__(message, remedy)
        self.field = field


class MissingError(InputError):
    """What is named is not there, or no more: a call, an entry of a list, a report."""
