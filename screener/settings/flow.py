"""`[flow]`: what no single field's type can say of a call's course."""

import math
from collections.abc import Iterator
from dataclasses import fields

from screener.core.flow import Flow
from screener.core.warnings import MOST_LEVELS, Warnings
from screener.settings.bounds import SECONDS_MOST, TIMES_MOST

MAY_BE_NOTHING = ("settle_seconds", "tone_seconds", "stay_seconds", "pause_seconds", "second_seconds")


def check_flow(flow: Flow, *, second: str, pausing: bool) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what.

    Args:
        flow: the section.
        second: `[speech] second`.
        pausing: there is an Asterisk that can pause an agent, by `[pbx]`.
    """
    for spec in fields(flow):
        value = getattr(flow, spec.name)
        least_open = spec.name in MAY_BE_NOTHING
        if isinstance(value, float) and not (math.isfinite(value) and (value >= 0 if least_open else value > 0)):
            allowed = "a number not below 0" if least_open else "a number above 0"
            yield f"[flow] {spec.name}", f"found {value:g}, allowed {allowed}"
        elif isinstance(value, float) and value > SECONDS_MOST:
            yield f"[flow] {spec.name}", f"found {value:g}, allowed a number not above {SECONDS_MOST}"
        elif isinstance(value, int) and value < 0:
            yield f"[flow] {spec.name}", f"found {value}, allowed a whole number not below 0"
        elif isinstance(value, int) and value > TIMES_MOST:
            yield f"[flow] {spec.name}", f"found {value}, allowed a number not above {TIMES_MOST}"
    if flow.pause_seconds > 0 and not pausing:
        yield (
            "[flow] pause_seconds",
            f"found {flow.pause_seconds:g}, allowed with [pbx] host: Asterisk pauses the agent",
        )
    yield from _check_warnings(flow.warnings)
    if bool(flow.second_seconds) != bool(second):
        yield (
            "[flow] second_seconds",
            f"found {flow.second_seconds:g}, allowed with [speech] second alone, above 0",
        )


def _check_warnings(warnings: Warnings) -> Iterator[tuple[str, str]]:
    for key in ("interval_seconds", "approve_seconds", "notice_seconds", "end_seconds"):
        if not (math.isfinite(value := getattr(warnings, key)) and value >= 0):
            yield f"[flow] warnings.{key}", f"found {value:g}, allowed a number not below 0"
        elif value > SECONDS_MOST:
            yield f"[flow] warnings.{key}", f"found {value:g}, allowed a number not above {SECONDS_MOST}"
    if not 1 <= warnings.levels <= MOST_LEVELS:
        yield "[flow] warnings.levels", f"found {warnings.levels}, allowed a whole number from 1 to {MOST_LEVELS}"
    if not 1 <= warnings.offences <= TIMES_MOST:
        allowed = f"a whole number from 1 to {TIMES_MOST}"
        yield "[flow] warnings.offences", f"found {warnings.offences}, allowed {allowed}"
    notice, end = warnings.notice_seconds, warnings.end_seconds
    if notice > 0 and "rule" not in warnings.by:
        yield "[flow] warnings.notice_seconds", f'found {notice:g}, allowed with "rule" in by: it gives the notice'
    if end > 0 and not 0 < notice < end:
        yield "[flow] warnings.end_seconds", f"found {end:g}, allowed a number above a notice_seconds above 0"
