"""Who is at the keyboard, as the system knows it: nothing that this person may set says so."""

import os
import pwd
from pathlib import Path

LOGIN_ID = Path("/proc/self/loginuid")
"""Who logged in, which su and sudo leave as it is; 2³² - 1 where nobody did (a service, a container)."""
_NOBODY = 2**32 - 1


def user() -> str:
    """The name of the account, and of the one that logged in where that is another: `wang as root`."""
    account, login = os.getuid(), _login()
    if login in (None, account):
        return _name(account)
    return f"{_name(login)} as {_name(account)}"


def _login() -> int | None:
    try:
        login = int(LOGIN_ID.read_text("ascii"))
    except (OSError, ValueError):
        login = _NOBODY
    if login != _NOBODY:
        return login
    told = os.environ.get("SUDO_UID", "")  # only root could have set it for itself
    return int(told) if os.getuid() == 0 and told.isdecimal() else None


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
