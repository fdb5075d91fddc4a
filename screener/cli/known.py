"""What somebody asks for by name must be in the log: a mistyped queue is a mistake, and not a page of nothing."""

from collections.abc import Iterable

from screener.errors import InputError
from screener.reports.facts import facts
from screener.store.log import CallLog

SHOWN = 20
"""Names that are offered instead."""


_SAID = {
    "queue": "no call has the queue {}",
    "dialled": "no call has the dialled number {}",
    "region": "no call came from the region {}",
    "carrier": "no call came from the carrier {}",
}


def check_spoken(log: CallLog, rule: str, warned: str) -> None:
    """Look whether a rule has ever spoken, and whether anybody was ever warned about that; empty asks for none.

    Raises:
        InputError: no call has it.
    """
    if not (rule or warned):
        return
    with facts(log) as known:
        if rule and not known.has_rule(rule):
            raise InputError(f"no call has the rule {rule}", "screener explain shows the rules in [ ]")
        if warned and warned not in (found := known.warned_about()):
            raise InputError(f"no call has a warning about {warned}", f"there are: {_shown(found)}")


def _shown(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:SHOWN]) or "-"


def check_known(log: CallLog, **asked: str) -> None:
    """Look whether any call has them.

    Args:
        log: the calls.
        asked: `queue`, `dialled`, `region` or `carrier`; empty asks for none.

    Raises:
        InputError: the log has calls, and none of them.
    """
    if not any(asked.values()):
        return
    with facts(log) as known:
        for place, name in asked.items():
            if name and name not in (found := known.known(place) - {""}):
                raise InputError(_SAID[place].format(name), f"there are: {_shown(found)}")
